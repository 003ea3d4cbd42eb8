"""The `expctl` command: runs a local stack, replays a real experiment through it, shows what there is."""
