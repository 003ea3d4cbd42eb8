"""The control plane: owns experiment definitions and is the only way to change one."""
