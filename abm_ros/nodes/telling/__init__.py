"""
What System A tells beside its latents: of which world it believes to be, and what it dreams.

In: what is believed after each observation; seeds and imagined actions. Out: messages on
`system_a/world`, `imagined_latent` and `imagined_episodes`.
Imports common, world_model, memory and ros.
"""
