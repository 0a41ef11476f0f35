print("kirchhoff")
