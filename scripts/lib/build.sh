# shellcheck shell=bash
# Sourced after env.sh: one Release build at a time, remembered by the sources it was made from.

: "${repo:?}"
build_stamp="$repo/artifacts/build.stamp"
build_log="$repo/artifacts/build.log"

# Path and time of every file the build reads. A removed or replaced file changes it too, which a newest-time check would miss.
source_state() {
    local inputs=() input
    for input in global.json Directory.Build.props Directory.Build.targets Directory.Packages.props src native; do
        [[ ! -e $repo/$input ]] || inputs+=("$input")
    done
    (cd "$repo" && find "${inputs[@]}" -type d \( -name bin -o -name obj -o -name build \) -prune \
        -o -type f ! -name packages.lock.json -printf '%p %T@\n' | LC_ALL=C sort)
}

is_built() {
    [[ -f $repo/src/PtaKernels.Cli/bin/Release/net10.0/pta.dll && -f $build_stamp && $(<"$build_stamp") == "$(source_state)" ]]
}

# build_release PROJECT_OR_SOLUTION [always]: builds unless the last build is current; prints the build's output only when it fails.
build_release() {
    local state status=0
    mkdir -p "$repo/artifacts"
    # The lock's descriptor is closed for dotnet: its compiler server outlives the build and would keep the lock.
    {
        flock 9
        if [[ ${2-} == always ]] || ! is_built; then
            state=$(source_state)
            rm -f "$build_stamp"
            (cd "$repo" && exec dotnet build "$1" -c Release -v quiet --nologo -nodeReuse:false) \
                >"$build_log" 2>&1 </dev/null 9>&- || status=$?
            if ((status == 0)); then
                printf '%s\n' "$state" >"$build_stamp"
            else
                cat "$build_log" >&2
                echo "The build of $1 failed." >&2
            fi
        fi
    } 9>"$repo/artifacts/build.lock"
    return "$status"
}
