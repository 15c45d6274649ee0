int main(void) { return help(); }
