"""From cues to pictures of a person: where the landmarks lie in the picture, their drawing, the frame made of them."""
