#!/usr/bin/env bash
# Bring a model to many devices: to one at a time until one has confirmed it, then to more, and to no
# other once a device has refused it or gone back to the model that it had.
#
#   docs/roll-out.sh digits.onnx pi-001 pi-002 ...
#   docs/roll-out.sh digits.onnx $(cat devices.txt)
#
# It takes ssh with a key, and sudo without a password for `tinydigits` there. digits.onnx.sig goes
# along where there is one. It may be run again at any time: a device that has the model is passed.
#
#   GROUP=20    devices at a time, once one alone has confirmed it
#   PAUSE=30    seconds between two looks at a device
#   LIMIT=86400 seconds for a trial, which needs some daylight
#   SSH         in place of ssh and its options
#
# It ends with 0 where all devices have confirmed the model, with 1 where it was stopped, with 2 where
# it was told something that makes no sense, and with 3 where some couldn't be reached, or hadn't
# confirmed it in time.
set -euo pipefail
group=${GROUP:-20} pause=${PAUSE:-30} limit=${LIMIT:-86400}
read -ra ssh <<< "${SSH:-ssh -o BatchMode=yes -o ConnectTimeout=10}"

[ $# -gt 1 ] || { sed -n '2,/^set/{/^set/d;s/^# \?//p}' "$0" >&2; exit 2; }
wrong() { echo "$1" >&2; exit 2; }
model=$1
shift
[[ $group =~ ^[1-9][0-9]{0,5}$ ]] || wrong "GROUP is '$group': it must be a number of devices, from 1"
[[ $limit =~ ^[1-9][0-9]{0,8}$ ]] || wrong "LIMIT is '$limit': it must be whole seconds, from 1"
[[ $pause =~ ^[0-9]{1,9}(\.[0-9]+)?$ && $pause =~ [1-9] ]] ||
  wrong "PAUSE is '$pause': it must be seconds, more than 0"
command -v "${ssh[0]:-}" > /dev/null || wrong "SSH is '${SSH:-ssh}': there is no such program"
[[ -f $model && -r $model ]] || wrong "there is no $model that can be read"
name=$(basename -- "$model")
# a shell on the device reads it
[[ $name != *[\"\$\`\\[:cntrl:]]* ]] || wrong "the model's name is '$name': give it a plain one"
for host; do
  [[ $host =~ ^[^-[:space:]][^[:space:]]*$ ]] || wrong "'$host' is no name of a device"
done
sum=$(sha256sum < "$model" | cut -d' ' -f1)
files=("./$name")
[ ! -f "$model.sig" ] || files+=("./$name.sig")

# what a device shows of its model: 0 it is this one and stays, 1 it went back, 3 it is on trial
state() {
  python3 -c '
import json, sys
shown = json.load(sys.stdin)
if shown["model"]["sha256"] != sys.argv[1]:
    sys.exit((shown["returned"] or {}).get("why", "another model reads"))
sys.exit(3 if shown["trial"] else 0)' "$sum"
}

show() { "${ssh[@]}" "$1" 'sudo tinydigits model show --json' < /dev/null; }

install_on() { # HOST: 0 confirmed, 1 refused or taken back, 3 not reached or not in time
  local host=$1 code=0 shown said end=$((SECONDS + limit))
  tar -C "$(dirname -- "$model")" -c "${files[@]}" | "${ssh[@]}" "$host" "
    folder=\$(mktemp -d) && tar -C \"\$folder\" -x --no-same-owner &&
    sudo tinydigits model install --sha256 $sum \"\$folder/$name\"
    code=\$?; rm -r \"\$folder\"; exit \$code" > /dev/null || code=$?
  case $code in
    0) ;;
    255) echo "$host: not reached"; return 3 ;;
    *) echo "$host: refused, exit code $code"; return 1 ;;
  esac
  while [ "$SECONDS" -lt "$end" ]; do
    sleep "$pause"
    shown=$(show "$host") || continue # it may be away for a moment
    code=0
    said=$(state <<< "$shown" 2>&1) || code=$?
    case $code in
      0) echo "$host: confirmed"; return 0 ;;
      3) ;;
      *) echo "$host: went back: $said"; return 1 ;;
    esac
  done
  echo "$host: still on trial"
  return 3
}

left=0 size=1 # until one has confirmed it
while [ $# -gt 0 ]; do
  hosts=("${@:1:size}")
  shift "${#hosts[@]}"
  jobs=()
  for host in "${hosts[@]}"; do
    install_on "$host" &
    jobs+=($!)
  done
  stop=0
  for job in "${jobs[@]}"; do
    code=0
    wait "$job" || code=$?
    case $code in
      0) size=$group ;;
      3) left=3 ;;
      *) stop=1 ;;
    esac
  done
  if [ "$stop" = 1 ]; then
    echo "stopped; not touched: ${*:-none}"
    exit 1
  fi
done
exit "$left"
