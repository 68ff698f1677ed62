# What script/server, script/test and script/bench share. Sourced; expects bash and the project's root as directory.
set -euo pipefail

BUILD=${BUILD:-build}

say() {
  printf '\033[1m%s\033[0m\n' "$*"
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# as_root COMMAND...: apt needs it.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root or sudo to install packages: $*"
  fi
}

# retried COMMAND...: up to three times; a network is not there at every moment.
retried() {
  local again
  for again in 5 20; do
    "$@" && return 0
    say "Once more in $again s: $*"
    sleep "$again"
  done
  "$@"
}

# A command that another source than Debian may have provided.
provided() {
  case $1 in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) return 1 ;;
  esac
}

# fetch_packages PACKAGE...: with the lists, which may be what was not to be had.
fetch_packages() {
  as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# install_packages KIND...: what script/packages lists for them and the machine lacks.
install_packages() {
  local kind package rest installed missing=()
  [[ -r /etc/debian_version ]] || fail "needs Debian 12 (there is no /etc/debian_version)"
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p')
  while read -r kind package rest; do
    [[ " $* " == *" $kind "* ]] || continue
    grep -qx "$package" <<<"$installed" || provided "$package" || missing+=("$package")
  done < <(grep -v '^#' script/packages)
  ((${#missing[@]})) || return 0
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  retried fetch_packages "${missing[@]}" || fail "apt-get could not install: ${missing[*]}"
}

# The npm packages that package-lock.json names, when they are not there yet.
install_node_modules() {
  local want
  want=$(sha256sum package-lock.json | cut -d' ' -f1)
  [[ -r node_modules/.installed && $(<node_modules/.installed) == "$want" ]] && return 0
  say "Installing npm packages"
  retried npm ci --no-audit --no-fund --loglevel=error || fail "npm ci failed: are its registry and the network there?"
  echo "$want" >node_modules/.installed
}

# configure CMAKE_ARGUMENTS...: once, and again when what is asked for is not what the build was configured with.
configure() {
  local arg want
  if [[ -e $BUILD/build.ninja ]]; then
    for arg in "$@"; do
      want=${arg#-D}
      grep -qE "^${want%%=*}:[A-Z]+=${want#*=}\$" "$BUILD/CMakeCache.txt" || break
      arg=
    done
    [[ ${arg:-} ]] || return 0
  fi
  say "Configuring the build in $BUILD"
  mkdir -p "$BUILD"
  cmake -S . -B "$BUILD" -G Ninja "$@" >"$BUILD/configure.log" 2>&1 || {
    cat "$BUILD/configure.log" >&2
    fail "cmake could not configure the build"
  }
}

# build TARGET...: what changed of them, with a line of progress on a terminal.
build() {
  if [[ $(ninja -C "$BUILD" -n "$@" 2>/dev/null) != *"no work to do"* ]]; then
    say "Building in $BUILD"
  fi
  if [[ -t 1 ]]; then
    ninja -C "$BUILD" "$@" || fail "the build failed"
  else
    ninja -C "$BUILD" --quiet "$@" || fail "the build failed"
  fi
}

# build_gateway [TARGET...]: the gateway (and more), without the unit tests unless they have been asked for before.
build_gateway() {
  [[ -e $BUILD/build.ninja ]] || configure -DPH_TESTS=OFF
  build posthouse "$@"
}

# Console and widget, when a source is newer than what was built from it.
build_assets() {
  local out=$BUILD/assets
  if [[ -e $out/.built && -z $(find console connectors/webchat/widget package-lock.json -newer "$out/.built" -print -quit) ]]; then
    return 0
  fi
  say "Building the console and the widget"
  node console/build.mjs --out "$out/console" || fail "the console could not be built"
  node connectors/webchat/widget/build.mjs --out "$out/widget" || fail "the widget could not be built"
  touch "$out/.built"
}
