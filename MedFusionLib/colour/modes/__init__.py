"""The colour modes, one file each; `colour.registry` finds what defines `MODE`."""
