namespace PtaKernels.Training;

/// <summary>Which sequences a step takes: a new permutation in each pass, found again from the seed and the step alone.</summary>
/// <param name="count">Sequences of the data.</param>
/// <param name="total">Sequences that the run takes in all.</param>
/// <param name="seed">Which order.</param>
internal sealed class DataOrder(int count, long total, int seed)
{
    private long _pass = -1;
    private int[] _permutation = [];

    /// <summary>Indices of the sequences from <paramref name="start"/> of the run on.</summary>
    public int[] Take(long start, int length)
    {
        int[] indices = new int[Math.Max(0, Math.Min(length, total - start))];
        for (int i = 0; i < indices.Length; i++)
        {
            (long pass, long at) = Math.DivRem(start + i, count);
            if (pass != _pass)
                Shuffle(pass);
            indices[i] = _permutation[at];
        }

        return indices;
    }

    // Fisher and Yates, driven by SplitMix64, whose sequence no runtime changes.
    private void Shuffle(long pass)
    {
        _pass = pass;
        _permutation = [.. Enumerable.Range(0, count)];
        ulong state = ((ulong)(uint)seed << 32) ^ ((ulong)pass * 0x9e3779b97f4a7c15);
        for (int i = count - 1; i > 0; i--)
        {
            ulong z = state += 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            z ^= z >> 31;
            int j = (int)Math.BigMul(z, (ulong)(i + 1), out _);
            (_permutation[i], _permutation[j]) = (_permutation[j], _permutation[i]);
        }
    }
}
