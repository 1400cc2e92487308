using PtaKernels.Training.Tests.Trainer;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>Log-likelihoods of continuations against a dense softmax in plain C#.</summary>
public sealed class ContinuationScorerTests
{
    [Test]
    public void ScoresAreSumsOfTheDenseSoftmax([Values(1, 12, 1000)] int batchTokens)
    {
        var random = new Random(3);
        using var model = new DenseModel(17);
        List<Continuation> all = [];
        for (int i = 0; i < 25; i++)
        {
            int[] tokens = [.. Enumerable.Range(0, random.Next(1, 14)).Select(_ => random.Next(17))];
            all.Add(new Continuation(tokens, random.Next(1, tokens.Length + 1)));
        }

        // Choices of one letter, as in MMLU: the same but for the last token.
        int[] question = [1, 4, 4, 2];
        all.AddRange(Enumerable.Range(0, 17).Select(last => new Continuation([.. question, last], 4)));
        all.AddRange(Enumerable.Range(0, 17).Select(last => new Continuation([.. question, last], 2)));
        long told = 0;
        ContinuationScore[] scores = new ContinuationScorer(model.Model, CPU) { BatchTokens = batchTokens }.Score(all, (done, _) => told = done, default);
        foreach ((int i, Continuation c) in all.Index())
        {
            ContinuationScore expected = model.Score(c.Tokens, c.From);
            Assert.That(scores[i].LogLikelihood, Is.EqualTo(expected.LogLikelihood).Within(1e-4), $"{i}");
            Assert.That(scores[i].IsGreedy, Is.EqualTo(expected.IsGreedy), $"{i}");
        }

        Assert.That(scores.Skip(25).Take(17).Count(static s => s.IsGreedy), Is.EqualTo(1));
        Assert.That(told, Is.LessThanOrEqualTo(all.Sum(static c => c.Tokens.Length) - (15 * 2 * 4)), "what the model sees twice is seen once");
    }

    [Test]
    public void OfEqualLogitsTheFirstIsGreedy()
    {
        using ToyModel model = ToyModel.Create(10, 6, 1, ScalarType.Float32);
        using (Tensor head = zeros(10, 6))
        {
            using Tensor hidden = model.Hidden(tensor(new long[] { 3 }, [1, 1]), AttentionPattern.Causal(1, 1, CPU));
            head[4] = hidden[0, 0];
            head[7] = hidden[0, 0];
            model.Weights.Replace("head", head.clone());
        }

        ContinuationScore[] scores = new ContinuationScorer(model, CPU).Score([new([3, 4], 1), new([3, 7], 1), new([3, 0], 1)], null, default);
        Assert.That(scores.Select(static s => s.IsGreedy), Is.EqualTo(new[] { true, false, false }));
        Assert.That(scores[0].LogLikelihood, Is.EqualTo(scores[1].LogLikelihood));
    }

    [Test]
    public void WhatIsNoContinuationIsRefused()
    {
        using var model = new DenseModel(17);
        var scorer = new ContinuationScorer(model.Model, CPU);
        Assert.That(scorer.Score([], null, default), Is.Empty);
        Assert.That(scorer.Score([new([3], 1)], null, default).Single(), Is.EqualTo(new ContinuationScore(0, true)));
        Assert.That(() => scorer.Score([new([3, 4], 0)], null, default), Throws.ArgumentException);
        Assert.That(() => scorer.Score([new([3, 4], 3)], null, default), Throws.ArgumentException);
    }
}
