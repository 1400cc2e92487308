namespace PtaKernels.Training.Tests.Trainer;

/// <summary>Random packed sequences.</summary>
internal static class Sequences
{
    /// <summary>Documents of 3 to 9 tokens; about two rows of three are taught, with a tail.</summary>
    public static PackedSequence Random(Random random, int vocabulary, int length, int number)
    {
        int[] ids = [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))], segments = new int[length], labels = new int[length], offsets = new int[length + 1];
        float[] missing = new float[length];
        var taughtIds = new List<int>();
        var masses = new List<float>();
        int left = 0, segment = -1;
        for (int t = 0; t < length; t++)
        {
            if (left-- == 0)
            {
                segment++;
                left = random.Next(3, 10) - 1;
            }

            segments[t] = segment;
            labels[t] = left > 0 && t + 1 < length ? ids[t + 1] : FusionRows.NoLabel;
            if (labels[t] != FusionRows.NoLabel && random.Next(3) > 0)
            {
                int k = random.Next(1, 5);
                int[] support = [.. Enumerable.Range(0, vocabulary).OrderBy(_ => random.Next()).Take(k)];
                missing[t] = random.Next(2) * 0.25f;
                taughtIds.AddRange(support);
                masses.AddRange(Enumerable.Repeat((1 - missing[t]) / k, k));
            }

            offsets[t + 1] = taughtIds.Count;
        }

        return new PackedSequence(
            ids, segments, [.. Enumerable.Range(0, segment + 1).Select(s => $"doc{number}.{s}")],
            new FusionRows { Labels = labels, Offsets = offsets, Ids = [.. taughtIds], Masses = [.. masses], Missing = missing }, Reward: 0.5);
    }
}
