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

# A process's environment, a variable a line; nothing where it has ended.
environment_of() { { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null || true; }

# Everything of a node, at once: its daemon, the step daemons, and what they run.
kill_node() {
    local file pid parent environment victims=("${slurm_nodes[$1]}")
    for file in /proc/[0-9]*/environ; do
        pid=${file//[^0-9]/}
        environment=$(environment_of "$pid")
        [[ $environment == *"SLURM_CONF=$slurm_conf"* && $environment == *"SLURMD_NODENAME=$1"* ]] || continue
        parent=$(sed -n 's/^PPid:\t//p' "/proc/$pid/status" 2>/dev/null) || continue
        victims+=("$pid")
        [[ $(cat "/proc/$parent/comm" 2>/dev/null) != slurmstepd* ]] || victims+=("$parent")
    done
    kill -KILL "${victims[@]}" 2>/dev/null || true
    wait "${slurm_nodes[$1]}" 2>/dev/null || true
}

stop_slurm() {
    [[ -n $slurm_run ]] || return 0
    scancel --user="$(id -un)" 2>/dev/null || true
    kill "${slurm_processes[@]}" 2>/dev/null || true
    wait "${slurm_processes[@]}" 2>/dev/null || true
    rm -rf "$slurm_run"
}
