"""Faults put in on purpose, by seed: damaged files, kills, full disks, broken weights.

`python Testing/faults/campaign.py` runs all of them and prints the table
of docs/understand/reliability.md;
`test_faults.py` runs a short part with every other test.
"""
