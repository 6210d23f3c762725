%% The oracle: runs one schedule after another against Erlang's own supervisor and says what could be observed.
%% It reads schedules as terms, one a line, from standard input, and ends when that ends.
%%
%% What happens is stamped where it happens. Starts are noted by the start functions, which run in the supervisor;
%% exits, and who was asked to stop or killed, come from tracing (`exit` of every process, calls of exit/2 by
%% supervisors). Notes and traces carry the same kind of stamp, a strictly increasing integer of the whole system,
%% so that sorting by it gives the order of causes, however late a message about it arrives.
%%
%% A schedule's steps are wishes: which process exits, what is called. The driver performs those that both sides can
%% be compared at, and answers with what it performed; the other side follows that.
-module(supervisor_driver).
-behaviour(supervisor).

-export([main/0, init/1, start_child/2, worker/4]).

%% An intensity that is never exceeded: only then are the children of a one_for_one supervisor independent.
-define(UNLIMITED, 1000).
-define(PERIOD_S, 1000000).
-define(QUIET_ROUNDS, 3).

-record(run, {parent, baseline, calls = #{}, asked = 0, answers = #{}, stopping = false}).

main() ->
    logger:set_primary_config(level, none),
    erlang:trace_pattern({erlang, exit, 2}, true, []),
    io:setopts(standard_io, [binary]),
    Driver = spawn(fun driver/0),
    %% A process of its own: the end of the input ends everything, whatever the driver waits for.
    spawn(fun() -> read(Driver) end).

read(Driver) ->
    case io:get_line(standard_io, "") of
        Line when is_binary(Line) ->
            Driver ! {line, Line},
            read(Driver);
        _ ->
            erlang:halt(0, [{flush, false}])
    end.

driver() ->
    receive
        {line, Line} ->
            {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Line)),
            {ok, Schedule} = erl_parse:parse_term(Tokens),
            try
                perform(Schedule)
            catch
                Class:Reason:Stack ->
                    io:format("X ~0p~n", [{Class, Reason, Stack}]),
                    erlang:halt(1)
            end,
            say(".", []),
            %% All at once: each write waits for another process.
            io:put_chars(standard_io, lists:reverse(erase(said))),
            driver()
    end.

say(Format, Arguments) ->
    Before = case get(said) of undefined -> []; Lines -> Lines end,
    put(said, [io_lib:format(Format ++ "~n", Arguments) | Before]).

%% ------------------------------------------------------------------------------------------------------------------
%% One schedule
%% ------------------------------------------------------------------------------------------------------------------

perform(#{root := Root, steps := Steps}) ->
    Baseline = processes(),
    ets:new(run, [named_table, public, set]),
    ets:new(notes, [named_table, public, ordered_set]),
    Driver = self(),
    Parent = spawn(fun() -> receive go -> parent(Driver, Root) end end),
    erlang:trace(Parent, true, [procs, call, set_on_spawn, strict_monotonic_timestamp, {tracer, self()}]),
    Parent ! go,
    Booted = report("boot", #run{parent = Parent, baseline = Baseline}),
    Stepped = lists:foldl(fun step/2, Booted, Steps),
    Ended = finish(Stepped),
    [say("A ~b ~s", [N, maps:get(N, Ended#run.answers, gone)]) || N <- lists:seq(1, Ended#run.asked)],
    exit(Parent, kill),
    [begin say("E leftover ~0p", [Pid]), exit(Pid, kill) end || Pid <- ours(Ended), Pid =/= Parent],
    erlang:trace(all, false, [all]),
    ets:delete(run),
    ets:delete(notes),
    flush().

flush() ->
    receive
        {line, _} = Line -> self() ! Line
    after 0 -> drain()
    end.

drain() ->
    receive
        Message when element(1, Message) =/= line -> drain()
    after 0 -> ok
    end.

%% The process that the root supervisor hangs under, and that alone may stop it.
parent(Driver, Root) ->
    process_flag(trap_exit, true),
    case supervisor:start_link(?MODULE, Root) of
        {ok, Pid} ->
            #{id := Id} = Root,
            ets:insert(run, [{{pid, Pid}, Id}, {{up, Id}, Pid, supervisor, none}, {ready, Pid}]),
            note("ready");
        _ ->
            note("boot-failed")
    end,
    Driver ! booted,
    stop_when_told().

stop_when_told() ->
    receive
        {stop, Pid} ->
            exit(Pid, shutdown),
            stop_when_told();
        {'EXIT', _, _} ->
            stop_when_told()
    end.

%% Releases what still waits, stops the root, and again releases what that waits for.
finish(Run) ->
    case {blocked(), root_alive()} of
        {[{Id, start, _} | _], _} -> finish(release(Id, ok, Run));
        {[{Id, stop, _} | _], _} -> finish(release(Id, ok, Run));
        {[], true} when not Run#run.stopping -> finish(stop(Run));
        {[], _} -> Run
    end.

%% ------------------------------------------------------------------------------------------------------------------
%% Steps
%% ------------------------------------------------------------------------------------------------------------------

step(Step, Run) ->
    case ets:member(run, ready) orelse blocked() =/= [] of
        true -> take(Step, Run);
        false -> Run
    end.

take({exit, K, Reason}, Run) ->
    Workers = lists:sort([{Id, Pid, Owner} || {{up, Id}, Pid, worker, Owner} <- ets:tab2list(run),
                                              is_process_alive(Pid)]),
    case [One || {Id, _, Owner} = One <- Workers, may(Owner, Id) =/= no] of
        [] ->
            Run;
        Candidates ->
            {Id, Pid, Owner} = lists:nth(K rem length(Candidates) + 1, Candidates),
            mark(Owner, Id),
            case Reason of
                killed ->
                    ets:delete(run, {blocked, Id}),
                    exit(Pid, kill);
                error ->
                    Pid ! {die, boom};
                shutdown_x ->
                    Pid ! {die, {shutdown, x}};
                _ ->
                    Pid ! {die, Reason}
            end,
            report(io_lib:format("exit ~s ~s", [Id, Reason]), Run)
    end;
take({release, K, Outcome}, Run) ->
    case lists:sort(blocked()) of
        [] -> Run;
        All -> release(element(1, lists:nth(K rem length(All) + 1, All)), Outcome, Run)
    end;
take(stop, Run) ->
    case root_alive() andalso not Run#run.stopping andalso may_stop(Run) of
        true -> stop(Run);
        false -> Run
    end;
take(stop_after_failure, Run) ->
    case blocked() of
        [{Id, start, _} = Blocked] ->
            case may_stop_after_failure(Run) of
                true ->
                    [{ready, Root}] = ets:lookup(run, ready),
                    Run#run.parent ! {stop, Root},
                    settle(Run),
                    unblock(Blocked, fail),
                    report(io_lib:format("stop_after_failure ~s", [Id]), Run#run{stopping = true});
                false ->
                    Run
            end;
        _ ->
            Run
    end;
take({Call, held, held}, Run) ->
    case {held_up(), lists:sort(blocked())} of
        {{Owner, _}, [{Below, _, _} | _]} ->
            case child_of(Owner, Below) of
                none -> Run;
                Id -> take({Call, Owner, Id}, Run)
            end;
        _ ->
            Run
    end;
take({start_child, Sup, #{id := Id} = Child}, Run) ->
    Spec = spec_for(Sup, Child),
    call(start_child, Sup, Id, fun(Pid) -> supervisor:start_child(Pid, Spec) end, Run);
take({terminate_child, Sup, Id}, Run) ->
    case simple(Sup) of
        false ->
            call(terminate_child, Sup, Id, fun(Pid) -> supervisor:terminate_child(Pid, Id) end, Run);
        true ->
            %% OTP names such a child by its pid, and answers `ok` for any pid that has ended.
            case ets:lookup(run, {up, Id}) of
                [{_, Child, worker, Sup}] ->
                    case is_process_alive(Child) of
                        true ->
                            Ask = fun(Pid) -> supervisor:terminate_child(Pid, Child) end,
                            call(terminate_child, Sup, Id, Ask, Run);
                        false ->
                            Run
                    end;
                _ ->
                    Run
            end
    end;
take({restart_child, Sup, Id}, Run) ->
    call(restart_child, Sup, Id, fun(Pid) -> supervisor:restart_child(Pid, Id) end, Run);
take({delete_child, Sup, Id}, Run) ->
    call(delete_child, Sup, Id, fun(Pid) -> supervisor:delete_child(Pid, Id) end, Run).

release(Id, Outcome, Run) ->
    {value, {_, What, _} = Blocked} = lists:keysearch(Id, 1, blocked()),
    unblock(Blocked, Outcome),
    Text = case What of
        start -> io_lib:format("release_start ~s ~s", [Id, Outcome]);
        stop -> io_lib:format("release_stop ~s", [Id])
    end,
    report(Text, Run).

unblock({Id, _, Pid}, Outcome) ->
    ets:delete(run, {blocked, Id}),
    Pid ! {release, Id, Outcome}.

stop(Run) ->
    [{ready, Root}] = ets:lookup(run, ready),
    Run#run.parent ! {stop, Root},
    report("stop", Run#run{stopping = true}).

%% A call is made by a process of its own: a supervisor that is busy must not hold up the driver.
call(Name, Sup, Id, Ask, Run) ->
    case ets:lookup(run, {up, Sup}) of
        [{_, Pid, supervisor, _}] ->
            case is_process_alive(Pid) andalso may(Sup, Id) =/= no of
                true ->
                    mark(Sup, Id),
                    N = Run#run.asked + 1,
                    Driver = self(),
                    spawn(fun() -> Driver ! {answer, N, answer(Pid, Ask)} end),
                    Calls = (Run#run.calls)#{N => Name},
                    Text = io_lib:format("~s ~s ~s", [Name, Sup, Id]),
                    report(Text, Run#run{asked = N, calls = Calls});
                false ->
                    Run
            end;
        _ ->
            Run
    end.

answer(Pid, Ask) ->
    try Ask(Pid) of
        ok -> ok;
        {ok, _} -> ok;
        {error, {already_started, _}} -> already_started;
        {error, Why} when Why =:= not_found; Why =:= running; Why =:= restarting;
                          Why =:= already_present; Why =:= simple_one_for_one -> Why;
        {error, _} -> error
    catch
        exit:_ -> gone
    end.

%% ------------------------------------------------------------------------------------------------------------------
%% What may happen while something is slow
%% ------------------------------------------------------------------------------------------------------------------

%% While nothing is slow, everything. Otherwise only what concerns the supervisor that is held up, the highest one
%% when several are: what it does next then depends on one queue alone. The children of a one_for_one supervisor are
%% independent of each other on the other side, which is comparable as long as nothing makes it stop them all; then
%% `apart`, else only the child that is slow.
may(Owner, Id) ->
    case blocked() of
        [] ->
            yes;
        Blocked ->
            case held_up() of
                {Owner, #{strategy := Strategy, intensity := Intensity, auto_shutdown := Auto}} ->
                    Slow = lists:member(Id, [child_of(Owner, Below) || {Below, _, _} <- Blocked]),
                    Group = Strategy =:= one_for_all orelse Strategy =:= rest_for_one,
                    if
                        Group; Slow -> yes;
                        Intensity >= ?UNLIMITED, Auto =:= never -> apart;
                        true -> no
                    end;
                _ ->
                    no
            end
    end.

mark(Owner, Id) ->
    case may(Owner, Id) of
        apart -> ets:insert(run, {apart});
        yes -> ok
    end.

%% The other side's stop interrupts what OTP would finish first. They agree where there is nothing to finish, or
%% nothing but a stop that somebody has asked for.
may_stop(Run) ->
    case blocked() of
        [] -> true;
        Blocked ->
            Waiting = maps:without(maps:keys(Run#run.answers), Run#run.calls),
            maps:values(Waiting) =:= [terminate_child] andalso
                lists:all(fun({_, What, _}) -> What =:= stop end, Blocked) andalso
                lists:all(fun({_, Pid, _}) -> queued(Pid) =:= 0 end, supervisors())
    end.

%% Between a restart attempt that fails and the next: the root itself restarts something, and nobody waits.
may_stop_after_failure(Run) ->
    Waiting = maps:without(maps:keys(Run#run.answers), Run#run.calls),
    case ets:lookup(run, ready) of
        [{ready, Root}] ->
            not Run#run.stopping andalso is_process_alive(Root) andalso not idle(Root) andalso
                map_size(Waiting) =:= 0 andalso
                lists:all(fun({_, Pid, _}) -> queued(Pid) =:= 0 end, supervisors());
        [] ->
            false
    end.

held_up() ->
    Busy = [{Depth, Id, Spec} || {Id, Pid, #{depth := Depth} = Spec} <- supervisors(), not idle(Pid)],
    case lists:sort(Busy) of
        [{_, Id, Spec} | _] -> {Id, Spec};
        [] -> none
    end.

supervisors() ->
    [{Id, Pid, Spec} || {{supervisor, Id}, Pid, Spec} <- ets:tab2list(run), is_process_alive(Pid)].

idle(Pid) ->
    case process_info(Pid, [current_function, message_queue_len, status]) of
        [{_, {gen_server, loop, _}}, {_, 0}, {_, waiting}] -> true;
        _ -> false
    end.

queued(Pid) ->
    {message_queue_len, Length} = process_info(Pid, message_queue_len),
    Length.

%% The child of Owner that Id is, or is somewhere below.
child_of(Owner, Id) ->
    case ets:lookup(run, {owner, Id}) of
        [{_, Owner}] -> Id;
        [{_, Other}] -> child_of(Owner, Other);
        [] -> none
    end.

simple(Sup) ->
    case ets:lookup(run, {supervisor, Sup}) of
        [{_, _, #{strategy := simple_one_for_one}}] -> true;
        _ -> false
    end.

blocked() ->
    [{Id, What, Pid} || {{blocked, Id}, What, Pid} <- ets:tab2list(run)].

root_alive() ->
    case ets:lookup(run, ready) of
        [{ready, Pid}] -> is_process_alive(Pid);
        [] -> false
    end.

%% ------------------------------------------------------------------------------------------------------------------
%% Waiting until nothing moves, and saying what happened
%% ------------------------------------------------------------------------------------------------------------------

report(Text, Run0) ->
    Run = settle(Run0),
    say("S ~s", [Text]),
    [say("E ~s", [Event]) || Event <- events()],
    case ets:take(run, apart) of
        [] -> ok;
        _ -> say("P", [])
    end,
    case blocked() =:= [] andalso root_alive() of
        true -> say("T ~s", [snapshot()]);
        false -> ok
    end,
    Run.

%% With one scheduler, a process that yields lets everybody else run who can; a few rounds in which all others wait
%% and nothing arrives mean that nothing will happen any more. Except when time passes: a child that ignores its
%% shutdown is killed.
settle(Run) ->
    quiet(Run, ?QUIET_ROUNDS, undefined),
    case [Pid || {{stubborn, _}, Pid} <- ets:tab2list(run), is_process_alive(Pid)] of
        [] ->
            answers(Run);
        [Pid | _] ->
            Monitor = monitor(process, Pid),
            receive {'DOWN', Monitor, _, _, _} -> settle(Run) end
    end.

quiet(_, 0, _) ->
    ok;
quiet(Run, Rounds, Before) ->
    erlang:yield(),
    Seen = {[process_info(Pid, [status, message_queue_len]) || Pid <- ours(Run)],
            process_info(self(), message_queue_len)},
    Waiting = lists:all(fun([{_, waiting}, _]) -> true; (_) -> false end, element(1, Seen)),
    case Waiting andalso Seen =:= Before of
        true -> quiet(Run, Rounds - 1, Seen);
        false -> quiet(Run, ?QUIET_ROUNDS, Seen)
    end.

ours(Run) ->
    processes() -- Run#run.baseline.

answers(Run) ->
    receive
        {answer, N, Answer} -> answers(Run#run{answers = (Run#run.answers)#{N => Answer}})
    after 0 -> Run
    end.

note(Text) ->
    ets:insert(notes, {erlang:unique_integer([monotonic]), Text}).

%% What was noted and traced since the last time, in order.
events() ->
    Delivered = erlang:trace_delivered(all),
    receive {trace_delivered, all, Delivered} -> ok end,
    Notes = ets:tab2list(notes),
    ets:delete_all_objects(notes),
    lists:flatmap(fun({_, Event}) -> event(Event) end, lists:keysort(1, Notes ++ traced())).

traced() ->
    receive
        {trace_ts, Pid, exit, Reason, {_, Stamp}} ->
            [{Stamp, {exited, Pid, Reason}} | traced()];
        {trace_ts, Caller, call, {erlang, exit, [Pid, Reason]}, {_, Stamp}} ->
            [{Stamp, {asked, Caller, Pid, Reason}} | traced()];
        Other when element(1, Other) =:= trace_ts ->
            traced()
    after 0 -> []
    end.

event({exited, Pid, Reason}) ->
    case ets:lookup(run, {pid, Pid}) of
        [{_, Id}] ->
            ets:insert(run, {{dead, Pid}}),
            [io_lib:format("exited ~s ~s", [Id, kind(Reason)])];
        [] ->
            []
    end;
event({asked, Caller, Pid, Reason}) ->
    %% OTP also asks children whose end it has not noticed yet: nobody can observe that.
    Dead = ets:member(run, {dead, Pid}) orelse ets:lookup(run, {supervisor_pid, Caller}) =:= [],
    case ets:lookup(run, {pid, Pid}) of
        [{_, Id}] when not Dead -> [io_lib:format("~s ~s", [word(Reason), Id])];
        _ -> []
    end;
event(Text) ->
    [Text].

word(kill) -> kill;
word(shutdown) -> stop.

kind(normal) -> normal;
kind(shutdown) -> shutdown;
kind({shutdown, _}) -> shutdown;
kind(killed) -> killed;
kind(_) -> error.

snapshot() ->
    %% What `idle` goes by is not documented: better no oracle than one that thinks everybody busy.
    [] = [Id || {Id, Pid, _} <- supervisors(), not idle(Pid)],
    lists:join(" ", [snapshot(Id, Pid) || {Id, Pid, _} <- lists:sort(supervisors())]).

snapshot(Sup, Pid) ->
    Counts = supervisor:count_children(Pid),
    [Specs, Active, Supervisors, Workers] =
        [proplists:get_value(Key, Counts) || Key <- [specs, active, supervisors, workers]],
    Children = supervisor:which_children(Pid),
    case simple(Sup) of
        false ->
            %% OTP lists the last one first.
            Lines = [io_lib:format("~s=~s", [Id, state(Child)]) || {Id, Child, _, _} <- lists:reverse(Children)],
            io_lib:format("~s(~s)~b/~b/~b/~b",
                          [Sup, lists:join(",", Lines), Specs, Active, Supervisors, Workers]);
        true ->
            %% In no order; OTP counts the template as the only specification.
            Lines = lists:sort([lists:flatten(io_lib:format("~s=~s", [id_of(Child), state(Child)]))
                                || {_, Child, _, _} <- Children]),
            io_lib:format("~s(~s)~b/~b/~b", [Sup, lists:join(",", Lines), Active, Supervisors, Workers])
    end.

state(Pid) when is_pid(Pid) -> up;
state(undefined) -> down;
state(restarting) -> restarting.

id_of(Pid) when is_pid(Pid) ->
    [{_, Id}] = ets:lookup(run, {pid, Pid}),
    Id;
id_of(Other) ->
    Other.

%% ------------------------------------------------------------------------------------------------------------------
%% Supervisors and their children
%% ------------------------------------------------------------------------------------------------------------------

init(#{id := Id, strategy := Strategy, intensity := Intensity, auto_shutdown := Auto} = Spec) ->
    ets:insert(run, [{{supervisor, Id}, self(), Spec}, {{supervisor_pid, self()}, Id}]),
    Flags = #{strategy => Strategy, intensity => Intensity, period => ?PERIOD_S, auto_shutdown => Auto},
    Children = case Spec of
        #{template := Template} -> [maps:merge(Template, #{id => template, start => {?MODULE, start_child, [Id]}})];
        #{children := Declared} -> [child_spec(Id, Child) || Child <- Declared]
    end,
    {ok, {Flags, Children}}.

child_spec(Owner, Child) ->
    Options = maps:with([id, type, restart, significant, shutdown], Child),
    Options#{start => {?MODULE, start_child, [Owner, Child]}}.

%% What start_child is given: arguments for the template, or a specification.
spec_for(Sup, Child) ->
    case simple(Sup) of
        true -> [Child];
        false -> child_spec(Sup, Child)
    end.

%% Runs in the supervisor.
start_child(Owner, #{id := Id, type := Type} = Child) ->
    Attempt = ets:update_counter(run, {attempts, Id}, 1, {{attempts, Id}, 0}),
    ets:insert(run, {{owner, Id}, Owner}),
    note(io_lib:format("start ~s ~b", [Id, Attempt])),
    Started = case Type of
        supervisor -> supervisor:start_link(?MODULE, Child);
        worker -> start_worker(nth(Attempt, maps:get(starts, Child), ok), Attempt, Child)
    end,
    case Started of
        {ok, Pid} ->
            ets:insert(run, [{{pid, Pid}, Id}, {{up, Id}, Pid, Type, Owner}]),
            note(io_lib:format("started ~s", [Id]));
        ignore ->
            note(io_lib:format("ignored ~s", [Id]));
        {error, _} ->
            note(io_lib:format("start-failed ~s", [Id]))
    end,
    Started.

start_worker(slow, Attempt, #{id := Id} = Child) ->
    ets:insert(run, {{blocked, Id}, start, self()}),
    receive
        {release, Id, Outcome} -> start_worker(Outcome, Attempt, Child)
    end;
start_worker(fail, _, _) ->
    {error, failed};
start_worker(ignore, _, _) ->
    ignore;
start_worker(ok, Attempt, #{id := Id, stubborn := Stubborn, stops := Stops}) ->
    Stop = case Stubborn of
        true -> stubborn;
        false -> nth(Attempt, Stops, prompt)
    end,
    proc_lib:start_link(?MODULE, worker, [self(), Id, Stop, init]).

nth(N, List, _) when N =< length(List) -> lists:nth(N, List);
nth(_, _, Otherwise) -> Otherwise.

worker(Parent, Id, Stop, init) ->
    process_flag(trap_exit, true),
    proc_lib:init_ack(Parent, {ok, self()}),
    worker(Parent, Id, Stop, up);
worker(Parent, Id, Stop, up) ->
    receive
        {'EXIT', Parent, shutdown} when Stop =:= slow ->
            ets:insert(run, {{blocked, Id}, stop, self()}),
            worker(Parent, Id, Stop, up);
        {'EXIT', Parent, shutdown} when Stop =:= stubborn ->
            ets:insert(run, {{stubborn, Id}, self()}),
            worker(Parent, Id, Stop, up);
        {'EXIT', Parent, Reason} ->
            exit(Reason);
        {release, Id, _} ->
            exit(shutdown);
        {die, Reason} ->
            ets:delete(run, {blocked, Id}),
            exit(Reason)
    end.
