"""`python -m bridge` is `facecue`."""

from bridge.cli import main

if __name__ == "__main__":
    main()
