%% Which steps can be compared: the two sides differ on purpose in what they do meanwhile while something is slow.
-module(comparable).

-export([may/2, mark/2, may_stop/1, may_stop_after_failure/1, held_up/0, unanswered/1]).

%% An intensity that is never exceeded: only then are the children of a one_for_one supervisor independent.
-define(UNLIMITED, 1000).

%% While nothing is slow, everything. Otherwise only what concerns the supervisor that is held up, the highest one
%% when several are: what it does next then depends on one queue alone. The children of a one_for_one supervisor are
%% independent of each other on the other side, which is comparable as long as nothing makes it stop them all; then
%% `apart`, else only the child that is slow.
may(Owner, Id) ->
    case scripted_tree:blocked() of
        [] ->
            ets:match_delete(run, {{waiting, '_'}}),
            yes;
        Blocked ->
            case held_up() of
                {Owner, #{strategy := Strategy, intensity := Intensity, auto_shutdown := Auto}} ->
                    Slow = lists:member(Id, [scripted_tree:child_of(Owner, Below) || {Below, _, _} <- Blocked]),
                    Group = Strategy =:= one_for_all orelse Strategy =:= rest_for_one,
                    if
                        Group; Slow -> yes;
                        Intensity >= ?UNLIMITED, Auto =:= never -> once(Id);
                        true -> no
                    end;
                _ ->
                    no
            end
    end.

%% The other side is through with the first event about such a child when OTP has not begun: a second one would meet
%% two different children.
once(Id) ->
    case ets:member(run, {waiting, Id}) of
        true -> no;
        false -> apart
    end.

mark(Owner, Id) ->
    case may(Owner, Id) of
        apart -> ets:insert(run, [{apart}, {{waiting, Id}}]);
        yes -> ok
    end.

%% The other side's stop interrupts what OTP would finish first. They agree where there is nothing to finish, or
%% nothing but a stop that somebody has asked for.
may_stop(Run) ->
    case scripted_tree:blocked() of
        [] -> true;
        Blocked ->
            maps:values(unanswered(Run)) =:= [terminate_child] andalso
                lists:all(fun({_, What, _}) -> What =:= stop end, Blocked) andalso
                nothing_queued()
    end.

%% Between a restart attempt that fails and the next: the root itself restarts something, and nobody waits.
may_stop_after_failure(Run) ->
    case ets:lookup(run, ready) of
        [{ready, Root}] ->
            not maps:get(stopping, Run) andalso is_process_alive(Root) andalso not scripted_tree:idle(Root) andalso
                map_size(unanswered(Run)) =:= 0 andalso
                nothing_queued();
        [] ->
            false
    end.

%% The highest supervisor that is not idle.
held_up() ->
    Busy = [{Depth, Id, Spec} || {Id, Pid, #{depth := Depth} = Spec} <- scripted_tree:supervisors(),
                                 not scripted_tree:idle(Pid)],
    case lists:sort(Busy) of
        [{_, Id, Spec} | _] -> {Id, Spec};
        [] -> none
    end.

%% The calls that still wait, by number.
unanswered(#{calls := Calls, answers := Answers}) ->
    maps:without(maps:keys(Answers), Calls).

nothing_queued() ->
    lists:all(fun({_, Pid, _}) -> scripted_tree:queued(Pid) =:= 0 end, scripted_tree:supervisors()).
