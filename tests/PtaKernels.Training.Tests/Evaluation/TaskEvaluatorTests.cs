using System.Text;
using PtaKernels.Corpus;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>Answers to questions, and documents as texts.</summary>
public sealed class TaskEvaluatorTests
{
    private static readonly LetterEncoder Letters = LetterEncoder.Create();

    [Test]
    public void AnswersAreThoseOfTheDenseSoftmax([Values] bool begin)
    {
        var random = new Random(9);
        using var model = new DenseModel(17);
        TaskItem[] items = [.. Enumerable.Range(0, 40).Select(i => new TaskItem("t", $"{i}", Word(8) + (i % 3 == 0 ? " " : ""), [.. Enumerable.Range(0, 3).Select(_ => Word(4) + "ä")], i % 3))];
        ItemScore[] scores = new TaskEvaluator(model.Model, Letters, CPU) { Begin = begin, BatchTokens = 40 }.Score(items, null, default);
        foreach ((TaskItem item, ItemScore score) in items.Zip(scores))
        {
            double[] logs = [.. item.Choices.Select(Likelihood)];
            double[] perByte = [.. logs.Select((l, c) => l / Encoding.UTF8.GetByteCount(item.Choices[c].TrimStart()))];
            Assert.That(score.Correct, Is.EqualTo(Array.IndexOf(logs, logs.Max()) == item.Answer));
            Assert.That(score.CorrectPerByte, Is.EqualTo(Array.IndexOf(perByte, perByte.Max()) == item.Answer));
            Assert.That(score.LogLikelihood, Is.EqualTo(logs[item.Answer!.Value]).Within(1e-4));

            double Likelihood(string choice)
            {
                string context = item.Context.TrimEnd(' '), rest = item.Context[context.Length..] + choice;
                int[] whole = [.. begin ? [0] : Array.Empty<int>(), .. Letters.Encode(Encoding.UTF8.GetBytes(context + rest)).Ids];
                return model.Score(whole, (begin ? 1 : 0) + Letters.Encode(Encoding.UTF8.GetBytes(context)).Length).LogLikelihood;
            }
        }

        Assert.That(scores.Select(static s => s.Correct).Distinct().Count(), Is.EqualTo(2), "some are right and some wrong");

        string Word(int most) => new([.. Enumerable.Range(0, random.Next(1, most)).Select(_ => (char)random.Next('a', 'k'))]);
    }

    [TestCase("gh", "i", new[] { 0, 9, 10, 11 }, 3, Description = "plain")]
    [TestCase("g ", "cd", new[] { 0, 9, 15, 6 }, 2, Description = "the context's space goes to the choice")]
    [TestCase("ga", "b", new[] { 0, 9, 14 }, 2, Description = "a token over the border: the last token is scored")]
    [TestCase("", "gh", new[] { 0, 9, 10 }, 1, Description = "no context: behind the begin of sequence")]
    [TestCase("ghij", "gh", new[] { 12, 9, 10 }, 1, 2, Description = "a long context loses its first tokens")]
    public void BorderIsDrawnAsInTheHarness(string context, string choice, int[] tokens, int from, int length = 64)
    {
        using var model = new DenseModel(17);
        var evaluator = new TaskEvaluator(model.Model, Letters, CPU) { Length = length };
        Continuation encoded = evaluator.Encode(new TaskItem("t", "1", context, [choice], null), choice);
        Assert.That(encoded.Tokens, Is.EqualTo(tokens));
        Assert.That(encoded.From, Is.EqualTo(from));
        if (length == 2)
            Assert.That(evaluator.Score([new TaskItem("t", "1", context, [choice], null)], null, default)[0].LogLikelihood, Is.EqualTo(model.Score(tokens, from).LogLikelihood).Within(1e-4));
    }

    [Test]
    public void OfEqualChoicesTheFirstIsTheAnswer()
    {
        using var model = new DenseModel(17);
        ItemScore[] scores = new TaskEvaluator(model.Model, Letters, CPU).Score([new("t", "1", "a", ["ef", "ef"], 0), new("t", "2", "a", ["ef", "ef"], 1)], null, default);
        Assert.That(scores.Select(static s => (s.Correct, s.CorrectPerByte)), Is.EqualTo(new (bool, bool?)[] { (true, true), (false, false) }));
    }

    [Test]
    public void ClozeAsksForEveryToken()
    {
        using var model = new DenseModel(17);
        List<int> tokens = [.. Letters.Encode("gh"u8).Ids.Prepend(0)];
        int next = Enumerable.Range(3, 10).FirstOrDefault(id => model.Score([.. tokens, id], 3).IsGreedy, -1);
        string[] targets = [.. Enumerable.Range(3, 10).Select(static id => $"{(char)('a' + id - 3)}")];
        ItemScore[] scores = new TaskEvaluator(model.Model, Letters, CPU).Score([.. targets.Select(t => new TaskItem("c", t, "gh", [t], null))], null, default);
        Assert.That(scores.Select(static s => s.CorrectPerByte), Is.All.Null);
        Assert.That(scores.Select(static s => s.Correct), Is.EqualTo(Enumerable.Range(3, 10).Select(id => id == next)));
        Assert.That(TaskScore.Of(scores).AccuracyPerByte, Is.Null);
    }

    [Test]
    public void WhatCannotBeScoredIsRefused()
    {
        using var model = new DenseModel(17);
        var item = new TaskItem("t", "q", "", ["abcdefgh"], null);
        Assert.That(() => new TaskEvaluator(model.Model, Letters, CPU) { Length = 4 }.Score([item], null, default), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("t, q: a choice has 6 tokens"));
        Assert.That(() => new TaskEvaluator(model.Model, LetterEncoder.Create(false, false), CPU).Score([item], null, default), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("its context is empty"));
        Assert.That(new TaskEvaluator(model.Model, LetterEncoder.Create(false), CPU).Encode(item, "e").Tokens[0], Is.EqualTo(1), "the end of sequence stands there");
    }

    [Test]
    public void TextsCountAllTheirBytes()
    {
        var text = new TextDocument("d", "x", "ab äh", "here", 1);
        EvaluationDocument document = EvaluationDocument.Of(text, Letters);
        Assert.That(document.Tokens, Is.EqualTo(new[] { 0, 14, 2, 13, 10, 1 }));
        Assert.That((document.Id, document.Domain, document.Bytes), Is.EqualTo(("d", "x", (int?)6)));
        document = EvaluationDocument.Of(text, LetterEncoder.Create(false, false));
        Assert.That(document.Tokens, Is.EqualTo(new[] { 14, 2, 13, 10 }));
        Assert.That(document.Bytes, Is.EqualTo(4), "nothing predicts the first token");
        Assert.That(EvaluationDocument.Of(text with { Text = "" }, Letters).Bytes, Is.Zero);
        Assert.That(EvaluationDocument.Of(text, Letters, begin: false, end: false).Tokens, Has.Length.EqualTo(4));

        using var model = new DenseModel(17);
        EvaluationDocument whole = EvaluationDocument.Of(text, Letters);
        DocumentScore score = new Evaluator(model.Model, Letters.Vocabulary, CPU).Score([whole], null, default).Single();
        Assert.That((score.Tokens, score.Bytes), Is.EqualTo((5, 6)));
        Assert.That(score.Nats, Is.EqualTo(-model.Score(whole.Tokens, 1).LogLikelihood).Within(1e-4));
    }
}
