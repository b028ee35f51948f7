"""Classical fusion methods, the yardsticks, one file each.

`phase_congruency`, `pulse_coupled` and `windows` are no methods: several of them share these.
"""
