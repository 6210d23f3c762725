%% OTP's supervisor, measured as ours is. Reads a command per line; answers with a line per series, `name number ...`,
%% in nanoseconds or bytes, and a line with a dot.
-module(supervision_reference).

-export([main/0, init/1, start_child/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(MANY, 100000000).
%% The child that is killed.
-define(TARGET, supervision_target).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    loop().

loop() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            run(string:lexemes(string:trim(Line), " ")),
            io:format(".~n"),
            loop()
    end.

run(["crash", Strategy, Count, Samples]) ->
    Sup = with_children(list_to_atom(Strategy), list_to_integer(Count)),
    say("crash", [crash() || _ <- lists:seq(1, list_to_integer(Samples))]),
    stop(Sup);
run(["memory", Strategy, Count]) ->
    N = list_to_integer(Count),
    Empty = start(list_to_atom(Strategy)),
    Before = memory(Empty),
    stop(Empty),
    Sup = with_children(list_to_atom(Strategy), N),
    Children = lists:sum([memory(Pid) || {_, Pid, _, _} <- supervisor:which_children(Sup)]),
    say("memory", [(Children + memory(Sup) - Before) div N]),
    stop(Sup);
run(["dynamic", Count]) ->
    Sup = start(simple_one_for_one),
    say("add", [timed(fun() -> add(Sup, simple_one_for_one, list_to_integer(Count)) end)]),
    say("stop", [timed(fun() -> stop(Sup) end)]);
run(["port", Node]) ->
    {ok, Sup} = supervisor:start_link(?MODULE, {supervisor, one_for_one}),
    put(ports, Sup),
    {ok, _} = supervisor:start_child(Sup, #{id => port, start => {?MODULE, start_child, [{port, Node}]}});
run(["end"]) ->
    stop(get(ports)).

say(Name, Numbers) ->
    io:format("~s~s~n", [Name, [[" ", integer_to_list(Number)] || Number <- Numbers]]).

start(Strategy) ->
    {ok, Sup} = supervisor:start_link(?MODULE, {supervisor, Strategy}),
    Sup.

with_children(Strategy, Count) ->
    Sup = start(Strategy),
    add(Sup, Strategy, Count),
    Sup.

%% The target is the one in the middle.
add(Sup, Strategy, Count) ->
    [{ok, _} = add_one(Sup, Strategy, N, which(N, Count))
     || N <- lists:seq(1, Count)].

add_one(Sup, simple_one_for_one, _, Which) ->
    supervisor:start_child(Sup, [Which]);
add_one(Sup, one_for_one, N, Which) ->
    supervisor:start_child(Sup, #{id => N, start => {?MODULE, start_child, [Which]}}).

which(N, Count) when N =:= Count div 2 + 1 -> target;
which(_, _) -> other.

stop(Sup) ->
    unlink(Sup),
    Monitor = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Monitor, _, _, _} -> ok end.

crash() ->
    Pid = whereis(?TARGET),
    timed(fun() ->
        exit(Pid, kill),
        answered(Pid)
    end).

answered(Killed) ->
    try gen_server:call(?TARGET, who) of
        Killed -> answered(Killed);
        _ -> ok
    catch
        exit:_ ->
            erlang:yield(),
            answered(Killed)
    end.

timed(Do) ->
    Began = erlang:monotonic_time(nanosecond),
    Do(),
    erlang:monotonic_time(nanosecond) - Began.

memory(Pid) ->
    erlang:garbage_collect(Pid),
    {memory, Bytes} = process_info(Pid, memory),
    Bytes.

start_child(target) -> gen_server:start_link({local, ?TARGET}, ?MODULE, child, []);
start_child(other) -> gen_server:start_link(?MODULE, child, []);
start_child({port, _} = Child) -> gen_server:start_link(?MODULE, Child, []).

init({supervisor, Strategy}) ->
    Template = #{id => child, start => {?MODULE, start_child, []}},
    Children = case Strategy of simple_one_for_one -> [Template]; _ -> [] end,
    {ok, {#{strategy => Strategy, intensity => ?MANY, period => 1}, Children}};
init(child) ->
    {ok, nothing};
init({port, Node}) ->
    Script = "console.log('ready'); process.stdin.on('end', () => process.exit()).resume()",
    Port = open_port({spawn_executable, Node}, [{args, ["-e", Script]}, {line, 100}, exit_status]),
    receive {Port, {data, {eol, "ready"}}} -> ok end,
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    io:format("up ~b~n", [Pid]),
    {ok, Port}.

handle_call(who, _, State) -> {reply, self(), State}.
handle_cast(_, State) -> {noreply, State}.
handle_info({Port, {exit_status, _}}, Port) -> {stop, ended, Port};
handle_info(_, State) -> {noreply, State}.
