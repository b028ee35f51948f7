"""`python -m MedFusionLib.cli`, for a checkout that is not installed."""

from . import main

if __name__ == "__main__":
    main()
