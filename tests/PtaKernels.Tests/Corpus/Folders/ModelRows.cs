namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>Rows of random numbers that need no vocabulary: for reading and writing, not for aligning.</summary>
internal static class ModelRows
{
    public static ModelRow[] Make(int seed, int count, int k = 3, int shortest = 1, int longest = 9)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(row =>
        {
            int length = random.Next(shortest, longest + 1);
            // Halves, so that every stored type holds the same numbers.
            return new ModelRow(
                [.. Enumerable.Range(0, length).Select(_ => random.Next(30_000))],
                [.. Enumerable.Range(0, length).Select(_ => Enumerable.Range(0, k).Select(_ => (double)(Half)(random.NextDouble() * 40 - 20)).OrderDescending().ToArray())],
                [.. Enumerable.Range(0, length).Select(_ => Enumerable.Range(0, k).Select(_ => random.Next(30_000)).ToArray())])
            {
                MeanCrossEntropy = (double)(Half)random.NextDouble(),
                CrossEntropy = [.. Enumerable.Range(0, length - 1).Select(_ => (double)(Half)random.NextDouble())],
                LogSumExp = [.. Enumerable.Range(0, length).Select(_ => (double)(Half)(20 + random.NextDouble()))],
                Text = $"text of row {row}, ▁é",
                Language = row % 3 == 0 ? "de" : "en",
            };
        })];
    }
}
