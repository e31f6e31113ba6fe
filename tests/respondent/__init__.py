"""People who fill forms: JavaRosa itself where Java exists, our own everywhere."""
