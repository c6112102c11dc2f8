"""Networks that turn drawings of a face into pictures of a person."""
