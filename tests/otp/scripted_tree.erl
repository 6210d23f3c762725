%% Supervisors whose children start and stop as a schedule says. Two tables, `run` and `notes`, hold all that is known
%% of the tree of the schedule that runs; whoever is in the tree writes to them.
-module(scripted_tree).
-behaviour(supervisor).

-export([init/1, start_child/2, worker/4, spec_for/2, note/1]).
-export([supervisors/0, idle/1, queued/1, child_of/2, simple/1, blocked/0, root_alive/0]).

-define(PERIOD_S, 1000000).

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

note(Text) ->
    %% The same kind of stamp as traces have.
    ets:insert(notes, {erlang:unique_integer([monotonic]), Text}).

%% What the tables say of the tree.
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
