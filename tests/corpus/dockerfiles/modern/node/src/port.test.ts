test();
