/**
 * The shell programs that run in a build's namespaces. They are constant:
 * everything that differs comes in as arguments, which no shell parses.
 */

/**
 * Outside of them, before anything else is started. Arguments: a number of files, then these files, by which it enters
 * control groups (src/io/control-group.ts), then a command. What that prints to stderr goes to stdout: to one log.
 */
export const startScript = `
set -eu
doors=$1
shift
while [ "$doors" -gt 0 ]; do
  echo 0 > "$1"
  shift
  doors=$((doors - 1))
done
exec "$@" 2>&1
`;

/**
 * As root of the namespaces. Arguments: the root's folder seen from the work
 * folder, the work folder (with `in`, `build`), how to get a root to
 * write to (`overlay`, `userxattr`: the same without root, `copy`), bytes of
 * shared memory, then the command for inside.
 *
 * The root is only read: what a build writes to it goes to `upper`. /build is
 * a plain folder of the disk, since overlays are slow at what builds do there.
 * Nothing of the machine is mounted but five devices; there is no /sys.
 *
 * Entering the root is the last thing that it does. A program that took outputs
 * here would race with the processes of the build: outputs.ts takes them, when
 * the namespace has ended.
 */
export const enterScript = `
set -eu
umask 022
lower=$1 work=$2 how=$3 memory=$4
shift 4
cd "$work"
mkdir upper overlay root
chmod 755 upper root in build
layers="lowerdir=$lower,upperdir=upper,workdir=overlay"
case $how in
  overlay) mount -t overlay -o "$layers" overlay root || how=copy ;;
  userxattr) mount -t overlay -o "$layers,userxattr" overlay root || how=copy ;;
esac
if [ "$how" = copy ]; then
  echo "lockstep: the build root is copied"
  cp -a --reflink=auto -- "$lower/." root/
fi
mkdir -p root/build root/in
chown 1000:1000 build
mount --bind build root/build
mount --bind in root/in
mount -o remount,bind,ro root/in
mount -t proc -o nosuid,nodev,noexec proc root/proc
mount -t tmpfs -o nosuid,noexec,mode=755 tmpfs root/dev
for name in null zero full random urandom tty; do
  : > "root/dev/$name"
  mount --bind "/dev/$name" "root/dev/$name"
done
ln -s /proc/self/fd root/dev/fd
ln -s fd/0 root/dev/stdin
ln -s fd/1 root/dev/stdout
ln -s fd/2 root/dev/stderr
mkdir root/dev/shm root/dev/pts
mount -t tmpfs -o "nosuid,nodev,mode=1777,size=$memory" tmpfs root/dev/shm
mount -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=620 devpts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
# This shell stays the first process of the namespace: no signal of the build can end it, and with it all others end
status=0
chroot root "$@" || status=$?
exit "$status"
`;

/**
 * In the root, still as root: names the host, brings the loopback device up
 * (tests of packages talk to themselves; there is no other device), then becomes
 * the build user for good, with no capability and no way to one. hostname,
 * perl and util-linux are Essential.
 *
 * Arguments: limits as `--nproc=N`, separated by spaces, then the .dsc and the folder to build in. A limit that this
 * machine has set lower already cannot be raised, and stays.
 */
export const innerScript = `
set -eu
hostname lockstep
perl -MSocket -e '
  socket(my $s, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
  my $up = pack("a16 s x22", "lo", 0x41);
  ioctl($s, 0x8914, $up) or die "loopback: $!";
'
for limit in $1; do
  prlimit --pid $$ "$limit" 2>/dev/null || true
done
shift
cd /build
exec setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \\
  sh -euc '
    umask 022
    dpkg-source -x "/in/$1" "$2"
    cd "$2"
    exec dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes --unsigned-buildinfo
  ' build "$@"
`;
