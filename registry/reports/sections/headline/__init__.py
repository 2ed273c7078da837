"""What a report begins with: the answer in a sentence, in four figures, in a picture."""
