%% Waits until nothing moves any more, and says what happened.
-module(observed).

-export([say/2, report/2, settle/1, ours/1]).

-define(QUIET_ROUNDS, 3).

say(Format, Arguments) ->
    Before = case get(said) of undefined -> []; Lines -> Lines end,
    put(said, [io_lib:format(Format ++ "~n", Arguments) | Before]).

report(Text, Run0) ->
    Run = settle(Run0),
    say("S ~s", [Text]),
    [say("E ~s", [Event]) || Event <- events()],
    case ets:take(run, apart) of
        [] -> ok;
        _ -> say("P", [])
    end,
    case scripted_tree:blocked() =:= [] andalso scripted_tree:root_alive() of
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
    processes() -- maps:get(baseline, Run).

answers(Run) ->
    receive
        {answer, N, Answer} -> answers(Run#{answers := (maps:get(answers, Run))#{N => Answer}})
    after 0 -> Run
    end.

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
    [] = [Id || {Id, Pid, _} <- scripted_tree:supervisors(), not scripted_tree:idle(Pid)],
    lists:join(" ", [snapshot(Id, Pid) || {Id, Pid, _} <- lists:sort(scripted_tree:supervisors())]).

snapshot(Sup, Pid) ->
    Counts = supervisor:count_children(Pid),
    [Specs, Active, Supervisors, Workers] =
        [proplists:get_value(Key, Counts) || Key <- [specs, active, supervisors, workers]],
    Children = supervisor:which_children(Pid),
    case scripted_tree:simple(Sup) of
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
