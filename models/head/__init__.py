"""Makes the head: a face learned from tracks and landmarks, and everything around it by formula. numpy and scipy."""
