# shellcheck shell=bash
# Sourced by tests/cluster/run: a Slurm of three nodes on the loopback, out of Debian's packages and without installing them.

slurm_root=$repo/artifacts/slurm/root
slurm_run='' slurm_log='' slurm_conf=''
slurm_processes=()
declare -A slurm_nodes=()

# Fetches and unpacks the packages; status 1 where there are none.
unpack_slurm() {
    local packages="$repo/artifacts/slurm/packages" package
    if [[ ! -x $slurm_root/usr/sbin/slurmctld-wlm ]]; then
        command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "No Debian packages here." && return 1; }
        mkdir -p "$packages"
        (cd "$packages" && apt-get download slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libmunge2 libhwloc15 libnuma1 liblua5.1-0 libjson-c5 libyaml-0-2 >/dev/null 2>&1) \
            || { echo "The packages of Slurm cannot be fetched here." && return 1; }
        for package in "$packages"/*.deb; do
            dpkg-deb -x "$package" "$slurm_root"
        done
    fi
    plugins=$(dirname "$(find "$slurm_root" -name select_cons_tres.so -print -quit)")
    export PATH="$slurm_root/usr/bin:$slurm_root/usr/sbin:$PATH"
    export LD_LIBRARY_PATH="$plugins:$slurm_root/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}

# The first of four ports in a row that nobody listens on.
free_ports() {
    local first=$((20000 + (RANDOM % 20000))) port
    while true; do
        for ((port = first; port < first + 4; port++)); do
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
        done
        echo "$first"
        return
    done
}

start_slurm() {
    local port node host
    slurm_run=$(mktemp -d "${TMPDIR:-/tmp}/pta-slurm.XXXXXX") # short, for the name of a socket
    slurm_log=$repo/artifacts/slurm/log
    rm -rf "$slurm_log"
    mkdir -p "$slurm_log" "$slurm_run/state"
    port=$(free_ports) host=$(hostname -s)
    cat >"$slurm_run/slurm.conf" <<CONF
ClusterName=pta
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$slurm_run/munge.socket
PluginDir=$plugins
StateSaveLocation=$slurm_run/state
SlurmdSpoolDir=$slurm_run/spool.%n
SlurmctldPidFile=$slurm_run/slurmctld.pid
SlurmdPidFile=$slurm_run/slurmd.%n.pid
SlurmctldLogFile=$slurm_log/slurmctld.log
SlurmdLogFile=$slurm_log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=20
JobRequeue=1
MinJobAge=300
SchedulerParameters=sched_interval=5,bf_interval=5
SlurmdParameters=config_overrides
NodeName=n[1-3] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 3))] CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$slurm_run/slurm.conf
    slurm_conf=$SLURM_CONF
    dd if=/dev/urandom of="$slurm_run/munge.key" bs=1024 count=1 status=none
    chmod 600 "$slurm_run/munge.key"
    munged --foreground --force --key-file="$slurm_run/munge.key" --socket="$slurm_run/munge.socket" --pid-file="$slurm_run/munged.pid" \
        --log-file="$slurm_log/munged.log" --seed-file="$slurm_run/munge.seed" >"$slurm_log/munged.out" 2>&1 &
    slurm_processes+=($!)
    until [[ -S $slurm_run/munge.socket ]]; do
        sleep 0.1
    done
    slurmctld-wlm -D -f "$SLURM_CONF" >"$slurm_log/slurmctld.out" 2>&1 &
    slurm_processes+=($!)
    for node in n1 n2 n3; do
        slurmd-wlm -D -N "$node" -f "$SLURM_CONF" -d "$slurm_root/usr/sbin/slurmstepd-wlm" >"$slurm_log/slurmd.$node.out" 2>&1 &
        slurm_nodes[$node]=$!
        slurm_processes+=($!)
        disown # no message when it is killed
    done
}

# nodes_are_idle N: within a minute.
nodes_are_idle() {
    local deadline=$((SECONDS + 60))
    until [[ $(sinfo --noheader --Node --states=idle 2>/dev/null | wc -l) -eq $1 ]]; do
        ((SECONDS < deadline)) || return 1
        sleep 0.5
    done
}

# tasks_on NODE: a line "PID OF THE TASK, OF ITS SLURMSTEPD, SHARD" for each. Starts no process: what is found must still be there.
tasks_on() {
    local file name step task word words line
    for file in /proc/[0-9]*/comm; do
        { read -r name <"$file"; } 2>/dev/null || continue
        [[ $name == slurmstepd* ]] || continue
        step=${file//[^0-9]/}
        { read -r -a words <"/proc/$step/task/$step/children"; } 2>/dev/null || true
        for task in "${words[@]}"; do
            line='' name=''
            while IFS= read -r -d '' word; do
                [[ $word != "SLURM_CONF=$slurm_conf" && $word != "SLURMD_NODENAME=$1" ]] || line+=x
                [[ $word != SLURM_ARRAY_TASK_ID=* ]] || name=${word#*=}
            done 2>/dev/null <"/proc/$task/environ" || true
            [[ $line != xx ]] || echo "$task $step ${name:--}"
        done
    done
}

# Everything of a node, at once: its daemon, then the step daemons before what they run, so that none of them tells how it ended.
kill_node() {
    local task step
    kill -KILL "${slurm_nodes[$1]}"
    tasks_on "$1" | while read -r task step _; do
        kill -KILL "$step" "$task" 2>/dev/null || true
    done
}

stop_slurm() {
    [[ -n $slurm_run ]] || return 0
    scancel --user="$(id -un)" 2>/dev/null || true
    kill "${slurm_processes[@]}" 2>/dev/null || true
    wait "${slurm_processes[@]}" 2>/dev/null || true
    rm -rf "$slurm_run"
}
