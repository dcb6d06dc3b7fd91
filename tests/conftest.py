"""Settings of every test: hypothesis measures no time, and tries the same examples every time.

A busy machine is no failure, and what passed once passes again. To look for new examples:
`pytest --hypothesis-profile=explore`.
"""

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")
