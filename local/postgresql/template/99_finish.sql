CALL finish_tables();
