using PtaKernels.Training.Tests.Trainer;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Capture;

/// <summary>Top k, log-sum-exp and cross-entropy against plain sorting of dense logits. Small whole numbers make products exact, and ties as frequent as can be.</summary>
public sealed class CandidateHeadTests
{
    [Test]
    public void RowsAreThoseOfSortedLogits([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        var random = new Random(5);
        for (int trial = 0; trial < (type == ScalarType.BFloat16 ? 15 : 40); trial++)
        {
            int tokens = random.Next(2, 150), padding = random.Next(3) * random.Next(20), width = random.Next(1, 6), rows = random.Next(1, 40);
            bool[] hole = [.. Enumerable.Range(0, tokens).Select(_ => trial % 3 == 0 && random.Next(4) == 0)];
            hole[0] = false;
            int k = random.Next(1, Math.Min(65, hole.Count(static h => !h) + 1));
            float[] head = Whole(random, (tokens + padding) * width, trial % 5 == 0 ? 0 : 2), hidden = Whole(random, rows * width, 3);
            int[] labels = [.. Enumerable.Range(0, rows).Select(r => r % 7 == 3 ? -1 : Draw())];
            double temperature = trial % 4 == 3 ? 0.25 : 1 << (trial % 4); // powers of two keep logits exact
            CapturedRows taken = Take(head, hidden, width, labels, hole, k, type, chunkBytes: trial % 2 == 0 ? 1 << 20 : 4 * tokens * random.Next(1, 5), temperature);
            for (int r = 0; r < rows; r++)
                RequireRow(taken, r, k, [.. LogitsOf(head, hidden.AsSpan(r * width, width)).Select(l => l / temperature)], hole, labels[r]);

            int Draw()
            {
                int id;
                while (hole[id = random.Next(tokens)])
                {
                }

                return id;
            }
        }
    }

    [Test]
    public void EqualRowsOfTheHeadComeById()
    {
        bool[] hole = new bool[100];
        hole[1] = hole[4] = true;
        CapturedRows rows = Take([.. Enumerable.Repeat(1f, 110)], [2, -3], 1, [7, -1], hole, 5, ScalarType.Float32, 1 << 20);
        Assert.That(rows.Ids, Is.EqualTo(new[] { 0, 2, 3, 5, 6, 0, 2, 3, 5, 6 }));
        Assert.That(rows.LogSumExp, Is.EqualTo(new[] { 2 + Math.Log(98), -3 + Math.Log(98) }).Within(1e-6));
    }

    [Test]
    public void MinusInfinityIsAllowedAndTakesNoMass()
    {
        float[] head = [1, float.NegativeInfinity, 3, float.NegativeInfinity, float.NegativeInfinity];
        CapturedRows rows = Take(head, [1], 1, [1], new bool[5], 4, ScalarType.Float32, 1 << 20);
        Assert.That(rows.Ids, Is.EqualTo(new[] { 2, 0, 1, 3 }));
        Assert.That(rows.LogSumExp[0], Is.EqualTo(Math.Log(Math.Exp(1) + Math.Exp(3))).Within(1e-6));
        Assert.That(rows.CrossEntropy[0], Is.EqualTo(float.PositiveInfinity));
    }

    [Test]
    public void MoreCandidatesThanTokensAreRefused() =>
        Assert.That(() => Take([1, 2, 3], [1], 1, [0], [false, true, false], 3, ScalarType.Float32, 1 << 20), Throws.ArgumentException.With.Message.Contains("2 tokens"));

    private static CapturedRows Take(float[] head, float[] hidden, int width, int[] labels, bool[] hole, int k, ScalarType type, long chunkBytes, double temperature = 1)
    {
        using CausalModel model = ToyModel.Create(head.Length / width, width, 0, type);
        using var scope = NewDisposeScope();
        model.Weights.Replace("head", tensor(head, [head.Length / width, width]).to(type));
        var vocabulary = new TokenVocabulary(
            "toy", "▁", false, false, [.. hole.Select(static (h, i) => h ? null : $"t{i}")], [.. hole.Select(static (h, i) => h ? [] : new[] { (byte)i })], new TokenRoles[hole.Length]);
        using var captured = new CandidateHead(model, vocabulary, k, temperature, chunkBytes);
        return captured.Take(tensor(hidden, [labels.Length, width]).to(type), labels);
    }

    private static void RequireRow(CapturedRows taken, int row, int k, double[] logits, bool[] hole, int label)
    {
        int[] possible = [.. Enumerable.Range(0, hole.Length).Where(i => !hole[i])];
        int[] expected = [.. possible.OrderByDescending(i => logits[i]).ThenBy(static i => i).Take(k)];
        double logSumExp = Math.Log(possible.Sum(i => Math.Exp(logits[i])));
        Assert.That(taken.Ids.AsSpan(row * k, k).ToArray(), Is.EqualTo(expected), $"row {row}");
        Assert.That(taken.Logits.AsSpan(row * k, k).ToArray(), Is.EqualTo(expected.Select(i => (float)logits[i])));
        Assert.That(taken.LogSumExp[row], Is.EqualTo(logSumExp).Within(1e-6));
        if (label < 0)
            Assert.That(taken.CrossEntropy[row], Is.NaN);
        else
            Assert.That(taken.CrossEntropy[row], Is.EqualTo(logSumExp - logits[label]).Within(2e-6 + (1e-7 * (logSumExp - logits[label]))));
    }

    private static double[] LogitsOf(float[] head, ReadOnlySpan<float> hidden)
    {
        double[] logits = new double[head.Length / hidden.Length];
        for (int i = 0; i < head.Length; i++)
            logits[i / hidden.Length] += (double)head[i] * hidden[i % hidden.Length];
        return logits;
    }

    private static float[] Whole(Random random, int count, int most) => [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(-most, most + 1))];
}
