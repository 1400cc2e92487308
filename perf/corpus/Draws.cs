namespace PtaKernels.CorpusBench;

/// <summary>Random numbers that no runtime changes: SplitMix64.</summary>
internal struct Draws(ulong seed)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>The generator of one part of something with a seed of its own.</summary>
    public static Draws Of(ulong seed, ulong part) => new(Mixed(seed) ^ Mixed(part + Golden));

    /// <summary>The next 64 bits.</summary>
    public ulong Bits() => Mixed(_state += Golden);

    /// <summary>A number in [0, 1).</summary>
    public double Unit() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number in 0..below - 1; the bias below 2^-32 is of no account here.</summary>
    public int Below(int below) => (int)((Bits() >> 32) * (ulong)below >> 32);

    /// <summary>A normally distributed number.</summary>
    public double Normal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - Unit()));
        return radius * Math.Cos(2 * Math.PI * Unit());
    }

    /// <summary>Brings items into a random order.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int other = Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    private static ulong Mixed(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
