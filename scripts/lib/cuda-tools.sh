# shellcheck shell=bash
# Sourced after env.sh: finds ptxas, nvdisasm and cuobjdump, or takes them from Debian's package of CUDA 12.4 without installing it.
# PTAKERNELS_CUDA_TOOLS names a folder that has them; PTAKERNELS_DEBIAN_MIRROR a Debian mirror where this system's apt names none.

: "${repo:?}"
cuda_tool_names=(ptxas nvdisasm cuobjdump)
cuda_tools_suite=trixie cuda_tools_package=nvidia-cuda-toolkit cuda_tools_version=12.4.131
cuda_tools_folder="$repo/artifacts/cuda-tools"

# require_cuda_tools: sets and exports cuda_tools; one sentence and exit status 1 when the tools cannot be had.
require_cuda_tools() {
    local missing
    if [[ -n ${PTAKERNELS_CUDA_TOOLS-} ]]; then
        cuda_tools=$(readlink -f "$PTAKERNELS_CUDA_TOOLS" || true)
        if ! missing=$(lacking_tool "$cuda_tools"); then
            cuda_tools_fail "PTAKERNELS_CUDA_TOOLS names $PTAKERNELS_CUDA_TOOLS, where $missing is missing or does not start."
        fi
    else
        cuda_tools=$cuda_tools_folder
        lacking_tool "$cuda_tools" >/dev/null || fetch_cuda_tools
    fi
    export cuda_tools
}

cuda_tools_fail() {
    echo "$1" >&2
    exit 1
}

# lacking_tool FOLDER: prints the first tool that does not start there; status 0 when all do.
lacking_tool() {
    local tool
    for tool in "${cuda_tool_names[@]}"; do
        if ! "$1/$tool" --version >/dev/null 2>&1; then
            echo "$tool"
            return 1
        fi
    done
}

fetch_cuda_tools() {
    local mirror missing
    [[ $(uname -sm) == 'Linux x86_64' ]] ||
        cuda_tools_fail "The CUDA tools are fetched on Linux x64 only; set PTAKERNELS_CUDA_TOOLS to a folder with ${cuda_tool_names[*]}."
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        cuda_tools_fail "The CUDA tools come from a Debian package and this system has no apt-get; set PTAKERNELS_CUDA_TOOLS to a folder with ${cuda_tool_names[*]}."
    mirror=$(debian_mirror)
    [[ -n $mirror ]] ||
        cuda_tools_fail "This system's apt names no Debian mirror to fetch the CUDA tools from; set PTAKERNELS_DEBIAN_MIRROR to one or PTAKERNELS_CUDA_TOOLS to a folder with ${cuda_tool_names[*]}."
    mkdir -p "$repo/artifacts"
    {
        flock 8
        # Another run may have fetched them while this one waited.
        if ! lacking_tool "$cuda_tools_folder" >/dev/null; then
            echo "Fetching the CUDA tools ($cuda_tools_package of Debian $cuda_tools_suite, about 90 MB, kept in artifacts/cuda-tools) ..." >&2
            unpack_cuda_tools "$mirror"
        fi
    } 8>"$repo/artifacts/cuda-tools.lock"
    missing=$(lacking_tool "$cuda_tools_folder") || cuda_tools_fail "$missing was fetched but does not start on this system."
}

# The first mirror of the whole distribution that apt already uses.
debian_mirror() {
    if [[ -n ${PTAKERNELS_DEBIAN_MIRROR-} ]]; then
        echo "$PTAKERNELS_DEBIAN_MIRROR"
    else
        apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n '\|/debian/\{0,1\}$|{p;q}'
    fi
}

# unpack_cuda_tools MIRROR: its own lists, caches and state; the system's apt is read for its proxy only.
unpack_cuda_tools() {
    local work="$repo/artifacts/cuda-tools.new" log="$repo/artifacts/cuda-tools.log" apt package source tool keyring signed=''
    rm -rf "$work"
    mkdir -p "$work"/apt/{lists/partial,archives/partial} "$work/tools"
    for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        [[ ! -f $keyring ]] || signed="signed-by=$keyring"
    done
    echo "deb [arch=amd64 target=Packages $signed] $1 $cuda_tools_suite non-free" >"$work/apt/sources.list"
    : >"$work/apt/status"
    cat >"$work/apt/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::State "$work/apt";
Dir::State::lists "$work/apt/lists";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Dir::Cache::archives "$work/apt/archives";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "$(id -un)";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
    apt=(apt-get -c "$work/apt/apt.conf" -q)
    if ! ("${apt[@]}" -o APT::Update::Error-Mode=any update && cd "$work/apt" && "${apt[@]}" download "$cuda_tools_package") >"$log" 2>&1 </dev/null; then
        cuda_tools_fail "$cuda_tools_package could not be fetched from Debian $cuda_tools_suite (network? artifacts/cuda-tools.log says more), so kernels cannot be assembled; set PTAKERNELS_CUDA_TOOLS to a folder with ${cuda_tool_names[*]}."
    fi
    package=$(compgen -G "$work/apt/${cuda_tools_package}_*.deb")
    dpkg-deb -x "$package" "$work/root"
    for tool in "${cuda_tool_names[@]}"; do
        source=$(find "$work/root" -type f -name "$tool" -perm -u+x -print -quit)
        [[ -n $source ]] || cuda_tools_fail "${package##*/} has no $tool."
        mv "$source" "$work/tools/$tool"
    done
    "$work/tools/ptxas" --version | grep -F "V$cuda_tools_version" >/dev/null ||
        echo "${package##*/} has another ptxas than $cuda_tools_version; figures may differ." >&2
    rm -rf "$cuda_tools_folder"
    mv "$work/tools" "$cuda_tools_folder"
    rm -rf "$work"
}
