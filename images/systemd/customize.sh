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

# What a microVM has no use for, or what would be work at each boot for nothing: the root is not
# checked or remounted (the kernel mounts it read-write), nothing asks for passwords, there is no
# second console, no fuse control or binfmt file system until somebody mounts it, and the image
# comes with its users, device nodes, journal catalogue and linker cache; and no timer downloads or
# rewrites things behind the back of whoever runs code here. journald, logind, dbus, udevd, cron and
# tmpfiles stay.
for unit in \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
  dev-hugepages.mount dev-mqueue.mount \
  e2scrub_all.timer e2scrub_reap.service \
  getty.target getty-static.service getty@tty1.service serial-getty@ttyS0.service \
  kmod-static-nodes.service ldconfig.service modprobe@.service \
  proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount \
  sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-binfmt.service \
  systemd-firstboot.service systemd-fsck-root.service systemd-hwdb-update.service \
  systemd-journal-catalog-update.service systemd-machine-id-commit.service \
  systemd-modules-load.service systemd-pstore.service systemd-random-seed.service \
  systemd-remount-fs.service systemd-sysusers.service systemd-timesyncd.service \
  systemd-tmpfiles-setup-dev.service systemd-udev-settle.service systemd-update-done.service \
  systemd-update-utmp-runlevel.service systemd-update-utmp.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# The agent configures the network; SSH is there for those who enable it.
for unit in systemd-networkd.service systemd-network-generator.service ssh.service ssh.socket; do
  chroot "$root" systemctl --quiet disable "$unit" 2>/dev/null || true
done

# Nobody logs in on a console that has no getty: boot straight to multi-user.
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
rm -f "$root/etc/localtime"
ln -s /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
