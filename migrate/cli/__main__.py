# SPDX-License-Identifier: Apache-2.0
"""`python -m migrate.cli`, for where the command is not on PATH."""

from migrate.cli import main

if __name__ == "__main__":
    main()
