#!/bin/sh
# Runs on the freshly unpacked Debian tree, before the agent goes in. $1 is the tree's root.
set -eu
root=$1

chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash alcove
chroot "$root" usermod --lock root
echo 'alcove ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/alcove"
chmod 0440 "$root/etc/sudoers.d/alcove"

# Host keys must be each VM's own. They are made when somebody starts the SSH server.
rm -f "$root"/etc/ssh/ssh_host_*
install -d -m 0755 "$root/etc/alcove"

# What people type to end a machine. The agent's binary asks PID 1, which is the same binary.
for name in poweroff halt shutdown reboot; do
  ln -s alcove-agent "$root/usr/sbin/$name"
done
