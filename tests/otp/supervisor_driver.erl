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

-export([main/0]).

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
            observed:say(".", []),
            %% All at once: each write waits for another process.
            io:put_chars(standard_io, lists:reverse(erase(said))),
            driver()
    end.

perform(#{root := Root, steps := Steps}) ->
    Baseline = processes(),
    ets:new(run, [named_table, public, set]),
    ets:new(notes, [named_table, public, ordered_set]),
    Driver = self(),
    Parent = spawn(fun() -> receive go -> parent(Driver, Root) end end),
    erlang:trace(Parent, true, [procs, call, set_on_spawn, strict_monotonic_timestamp, {tracer, self()}]),
    Parent ! go,
    %% What the driver knows: whom it asked to do what, by number, and who has answered.
    New = #{parent => Parent, baseline => Baseline, calls => #{}, asked => 0, answers => #{}, stopping => false},
    Booted = observed:report("boot", New),
    Stepped = lists:foldl(fun step/2, Booted, Steps),
    Ended = finish(Stepped),
    #{asked := Asked, answers := Answers} = Ended,
    [observed:say("A ~b ~s", [N, maps:get(N, Answers, gone)]) || N <- lists:seq(1, Asked)],
    exit(Parent, kill),
    [begin
         observed:say("E leftover ~0p", [Pid]),
         exit(Pid, kill)
     end || Pid <- observed:ours(Ended), Pid =/= Parent],
    erlang:trace(all, false, [all]),
    ets:delete(run),
    ets:delete(notes),
    drain().

drain() ->
    receive
        Message when element(1, Message) =/= line -> drain()
    after 0 -> ok
    end.

%% The process that the root supervisor hangs under, and that alone may stop it.
parent(Driver, Root) ->
    process_flag(trap_exit, true),
    case supervisor:start_link(scripted_tree, Root) of
        {ok, Pid} ->
            #{id := Id} = Root,
            ets:insert(run, [{{pid, Pid}, Id}, {{up, Id}, Pid, supervisor, none}, {ready, Pid}]),
            scripted_tree:note("ready");
        _ ->
            scripted_tree:note("boot-failed")
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
    case {scripted_tree:blocked(), scripted_tree:root_alive()} of
        {[{Id, start, _} | _], _} -> finish(release(Id, ok, Run));
        {[{Id, stop, _} | _], _} -> finish(release(Id, ok, Run));
        {[], true} when not map_get(stopping, Run) -> finish(stop(Run));
        {[], _} -> Run
    end.

step(Step, Run) ->
    case ets:member(run, ready) orelse scripted_tree:blocked() =/= [] of
        true -> take(Step, Run);
        false -> Run
    end.

take({exit, K, Reason}, Run) ->
    Workers = lists:sort([{Id, Pid, Owner} || {{up, Id}, Pid, worker, Owner} <- ets:tab2list(run),
                                              is_process_alive(Pid)]),
    case [One || {Id, _, Owner} = One <- Workers, comparable:may(Owner, Id) =/= no] of
        [] ->
            Run;
        Candidates ->
            {Id, Pid, Owner} = lists:nth(K rem length(Candidates) + 1, Candidates),
            comparable:mark(Owner, Id),
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
            observed:report(io_lib:format("exit ~s ~s", [Id, Reason]), Run)
    end;
take({release, K, Outcome}, Run) ->
    case lists:sort(scripted_tree:blocked()) of
        [] -> Run;
        All -> release(element(1, lists:nth(K rem length(All) + 1, All)), Outcome, Run)
    end;
take(stop, Run) ->
    case scripted_tree:root_alive() andalso not maps:get(stopping, Run) andalso comparable:may_stop(Run) of
        true -> stop(Run);
        false -> Run
    end;
take(stop_after_failure, Run) ->
    case scripted_tree:blocked() of
        [{Id, start, _} = Blocked] ->
            case comparable:may_stop_after_failure(Run) of
                true ->
                    [{ready, Root}] = ets:lookup(run, ready),
                    maps:get(parent, Run) ! {stop, Root},
                    observed:settle(Run),
                    unblock(Blocked, fail),
                    observed:report(io_lib:format("stop_after_failure ~s", [Id]), Run#{stopping := true});
                false ->
                    Run
            end;
        _ ->
            Run
    end;
take({Call, held, held}, Run) ->
    case {comparable:held_up(), lists:sort(scripted_tree:blocked())} of
        {{Owner, _}, [{Below, _, _} | _]} ->
            case scripted_tree:child_of(Owner, Below) of
                none -> Run;
                Id -> take({Call, Owner, Id}, Run)
            end;
        _ ->
            Run
    end;
take({start_child, Sup, #{id := Id} = Child}, Run) ->
    Spec = scripted_tree:spec_for(Sup, Child),
    call(start_child, Sup, Id, fun(Pid) -> supervisor:start_child(Pid, Spec) end, Run);
take({terminate_child, Sup, Id}, Run) ->
    case scripted_tree:simple(Sup) of
        false ->
            call(terminate_child, Sup, Id, fun(Pid) -> supervisor:terminate_child(Pid, Id) end, Run);
        true ->
            %% OTP names such a child by its pid, and answers `ok` for any pid that has ended by then.
            Terminated = lists:member(terminate_child, maps:values(comparable:unanswered(Run))),
            case ets:lookup(run, {up, Id}) of
                [{_, Child, worker, Sup}] ->
                    case is_process_alive(Child) andalso not Terminated of
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
    {value, {_, What, _} = Blocked} = lists:keysearch(Id, 1, scripted_tree:blocked()),
    unblock(Blocked, Outcome),
    Text = case What of
        start -> io_lib:format("release_start ~s ~s", [Id, Outcome]);
        stop -> io_lib:format("release_stop ~s", [Id])
    end,
    observed:report(Text, Run).

unblock({Id, _, Pid}, Outcome) ->
    ets:delete(run, {blocked, Id}),
    Pid ! {release, Id, Outcome}.

stop(Run) ->
    [{ready, Root}] = ets:lookup(run, ready),
    maps:get(parent, Run) ! {stop, Root},
    observed:report("stop", Run#{stopping := true}).

%% A call is made by a process of its own: a supervisor that is busy must not hold up the driver.
call(Name, Sup, Id, Ask, Run) ->
    case ets:lookup(run, {up, Sup}) of
        [{_, Pid, supervisor, _}] ->
            case is_process_alive(Pid) andalso comparable:may(Sup, Id) =/= no of
                true ->
                    comparable:mark(Sup, Id),
                    N = maps:get(asked, Run) + 1,
                    Driver = self(),
                    spawn(fun() -> Driver ! {answer, N, answer(Pid, Ask)} end),
                    Calls = (maps:get(calls, Run))#{N => Name},
                    Text = io_lib:format("~s ~s ~s", [Name, Sup, Id]),
                    observed:report(Text, Run#{asked := N, calls := Calls});
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
