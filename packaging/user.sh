# What a package does when it is installed: the user that the drift unit runs as, and who may read /etc/rictl.
if ! getent passwd rictl >/dev/null; then
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers rictl.conf
    else
        useradd --system --user-group --home-dir /var/lib/rictl --no-create-home --shell /usr/sbin/nologin \
            --comment "Router-interface control" rictl
    fi
fi
chown root:rictl /etc/rictl
chmod 2750 /etc/rictl
install -d -o rictl -g rictl -m 750 /var/lib/rictl
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
