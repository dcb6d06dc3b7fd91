"""`python -m alvh` is the command `alvh`."""

from alvh.cli import main

if __name__ == "__main__":
    main()
