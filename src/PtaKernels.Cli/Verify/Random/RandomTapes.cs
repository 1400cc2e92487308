namespace PtaKernels.Cli.Verify.Random;

/// <summary>Random numbers and tokens that problems are made of.</summary>
internal static class RandomTapes
{
    private static readonly int[] Symbols = ['a', 'b', 0x1F600, 0xDC00 + 0xE2, 0xE9, 0x10FFFF, 0xDC00 + 0xFF, ' ', 'c', 0x4E2D];

    /// <summary>A whole number 1..most whose logarithm is uniform.</summary>
    public static int LogUniform(System.Random random, int most) => Math.Min(most, (int)Math.Exp(random.NextDouble() * Math.Log(most + 1)));

    /// <summary>Three problems in ten are made of few values, so that almost everything ties.</summary>
    public static bool Ties(System.Random random) => random.Next(10) < 3;

    /// <summary>A random word over the first symbols of a list that mixes ASCII, accents, non-BMP code points and lone bytes.</summary>
    public static int[] Word(System.Random random, int length, int alphabet)
    {
        int[] word = new int[length];
        foreach (ref int symbol in word.AsSpan())
            symbol = Symbols[random.Next(alphabet)];
        return word;
    }

    /// <summary>Tokens of up to some symbols, mostly short, with specials and holes among them.</summary>
    /// <param name="random">Where they come from.</param>
    /// <param name="count">Tokens.</param>
    /// <param name="longest">Most symbols of one.</param>
    /// <param name="ties">Of two symbols only.</param>
    public static TokenTape Draw(System.Random random, int count, int longest, bool ties)
    {
        var builder = new TokenTapeBuilder(count);
        int alphabet = ties ? 2 : random.Next(2, Symbols.Length + 1);
        for (int t = 0; t < count; t++)
        {
            int length = random.Next(3) == 0 ? random.Next(longest + 1) : random.Next(Math.Min(longest, 10) + 1);
            TokenRoles roles = random.Next(40) switch { 0 => TokenRoles.Special, 1 => TokenRoles.Special | TokenRoles.Eos, 2 => TokenRoles.Hole, _ => TokenRoles.None };
            builder.Add(roles == TokenRoles.Hole ? [] : Word(random, length, alphabet), roles);
        }

        return builder.ToTape();
    }

    /// <summary>0 .. count.</summary>
    public static int[] Range(int count) => [.. Enumerable.Range(0, count)];

    /// <summary>Ids below a limit.</summary>
    public static int[] Ids(System.Random random, int count, int limit)
    {
        int[] ids = new int[count];
        foreach (ref int id in ids.AsSpan())
            id = random.Next(limit);
        return ids;
    }
}
