Console.WriteLine("pta");
