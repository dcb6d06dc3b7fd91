"""Does a layered VIX hedge keep an SPX iron-condor book from blowing up, and what does it cost?"""
