Console.WriteLine("EmbedStore");
