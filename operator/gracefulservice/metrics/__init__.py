"""Where raw counters come from: questions and answers as values, and one thin sender."""
