using PtaKernels.Training.Tests.Trainer;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>Scores of documents against a plain sum over dense logits.</summary>
public sealed class EvaluatorTests
{
    private const int Vocabulary = 20;

    private static readonly TokenVocabulary Tokens = MakeTokens();

    [Test]
    public void ScoresArePlainSums([Values(4, 7, 64)] int length, [Values(8, 1000)] int batchTokens)
    {
        var random = new Random(5);
        EvaluationDocument[] documents = [.. new[] { 1, 2, 3, 5, 8, 13, 21, 40, 6 }.Select((n, i) =>
            new EvaluationDocument($"{i}", "", [.. Enumerable.Range(0, n).Select(_ => random.Next(1, Vocabulary))]))];
        using ToyModel model = ToyModel.Create(Vocabulary, 6, 2, ScalarType.Float32);
        DocumentScore[] scores = new Evaluator(model, Tokens, CPU) { Length = length, BatchTokens = batchTokens }.Score(documents, null, default);
        Assert.That(scores.Select(static s => s.Id), Is.EqualTo(documents.Select(static d => d.Id)));
        for (int d = 0; d < documents.Length; d++)
        {
            // A toy model looks at one position, so windows change nothing.
            (double nats, int count) = Plain(model, documents[d].Tokens);
            Assert.That(scores[d].Nats, Is.EqualTo(nats).Within(1e-4));
            Assert.That(scores[d].Tokens, Is.EqualTo(count));
            Assert.That(scores[d].Bytes, Is.EqualTo(documents[d].Tokens.Skip(1).Sum(static t => t + 1)));
        }
    }

    [Test]
    public void StartTokenMakesTheFirstTokenCount()
    {
        using ToyModel model = ToyModel.Create(Vocabulary, 6, 2, ScalarType.Float32);
        DocumentScore score = new Evaluator(model, Tokens, CPU) { StartToken = 0 }.Score([new EvaluationDocument("a", "", [3, 4])], null, default).Single();
        Assert.That(score.Tokens, Is.EqualTo(2));
        Assert.That(score.Bytes, Is.EqualTo(4 + 5));
        Assert.That(score.Nats, Is.EqualTo(Plain(model, [0, 3, 4]).Nats).Within(1e-4));
    }

    [Test]
    public void DocumentThatStartsWithASpecialTokenCountsAllItsBytes()
    {
        using ToyModel model = ToyModel.Create(Vocabulary, 6, 2, ScalarType.Float32);
        DocumentScore score = new Evaluator(model, Tokens, CPU).Score([new EvaluationDocument("a", "", [0, 3, 4])], null, default).Single();
        Assert.That(score.Bytes, Is.EqualTo(4 + 5));
    }

    private static (double Nats, int Tokens) Plain(ToyModel model, int[] tokens)
    {
        using var scope = NewDisposeScope();
        using AttentionPattern attention = AttentionPattern.Causal(1, tokens.Length, CPU);
        Tensor logs = model.Logits(tensor(tokens.Select(static t => (long)t).ToArray(), [1, tokens.Length]), attention)[0].to(ScalarType.Float64).log_softmax(-1);
        double nats = 0;
        for (int t = 0; t + 1 < tokens.Length; t++)
            nats -= logs[t, tokens[t + 1]].item<double>();
        return (nats, tokens.Length - 1);
    }

    // Token t is t + 1 letters long, token 0 is special.
    private static TokenVocabulary MakeTokens()
    {
        string[] strings = [.. Enumerable.Range(0, Vocabulary).Select(static t => new string((char)('a' + t), t + 1))];
        var roles = new TokenRoles[Vocabulary];
        roles[0] = TokenRoles.Special | TokenRoles.Bos;
        return new TokenVocabulary("letters", "Ġ", true, false, strings, [.. strings.Select((s, t) => t == 0 ? [] : System.Text.Encoding.ASCII.GetBytes(s))], roles);
    }
}
