"""How a simulated body tags a joint state with its episode and the step in it."""


def episode_tag(episode: int, step: int) -> str:
    """
    Return what a simulated body writes in the frame_id of its joint states.

    Resets and new goals must be atomic with the state that they belong to; a joint state's
    frame_id means nothing to other tools, and a real robot leaves it empty.
    """
    return f'episode/{episode}/{step}'


def parse_episode_tag(frame_id: str) -> tuple[str, int]:
    """Return the episode and step of a joint state, ('', -1) where a robot has no such tag."""
    parts = frame_id.split('/')
    if len(parts) != 3 or parts[0] != 'episode' or not (
            parts[1].isdecimal() and parts[2].isdecimal()):
        return '', -1
    return parts[1], int(parts[2])
