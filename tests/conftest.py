"""How hard Hypothesis tries: `quick` is the rule, `make soak` asks for `--hypothesis-profile=soak`."""

from hypothesis import settings

# No deadline: on a busy machine the first example of a page pays for what all others find in a cache.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("soak", deadline=None, max_examples=500)
settings.load_profile("quick")
