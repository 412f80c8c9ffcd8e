"""The screen: reads snapshots, sends commands by name, owns nothing but what is selected."""
