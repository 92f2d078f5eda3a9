"""What Home Assistant's own validation (hassfest) and HACS would say of our files.

Their tools are not in any package, so these checks follow their published rules. Each
module offers `check(package)` or `check(root)`, yielding one sentence per finding.
"""
