using PtaKernels.Training.Tests.Capture;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Embeddings;

/// <summary>What a fit finds, what it leaves out and what it refuses.</summary>
public sealed class EmbeddingFitTests
{
    [Test]
    public void APlantedRotationBetweenWidthsIsFound()
    {
        using var tables = new PlantedTables(noise: 0);
        FittedEmbeddings fitted = tables.Fit();
        TokenVocabulary source = tables.Source.Vocabulary, target = tables.Target.Vocabulary;
        using (Assert.EnterMultipleScope())
        {
            // 24 dimensions is all that the narrower table has; 256 bytes and 400 words are shared.
            Assert.That((fitted.Header.Dimensions, fitted.Embeddings.Dimensions, fitted.Header.SharedTokens, fitted.Header.HeldOut.Tokens), Is.EqualTo((24, 64, 656, 65)));
            Assert.That(fitted.Header.HeldOut.Cosine, Is.GreaterThan(0.98), "only the two tables' means differ by the words of their own");
            Assert.That((fitted.Header.HeldOut.Precision, fitted.Header.HeldOut.Chance), Is.EqualTo((1.0, 1.0 / 657)));
            Assert.That((fitted.Header.Source, fitted.Header.SourceFingerprint, fitted.Header.TargetModel), Is.EqualTo(("theirs", source.Fingerprint, "ours")));
            for (int word = 0; word < 400; word += 37)
            {
                (int theirs, int ours) = (source.IdOf($"word{word}"), target.IdOf($"word{word}"));
                Assert.That(TokenNeighbours.Of(fitted.Embeddings, theirs, 3)[0].Token, Is.EqualTo(ours), $"word{word}");
                double cosine = Cosine(fitted.Embeddings.OfSource(theirs), fitted.Embeddings.OfTarget(ours));
                Assert.That(cosine, Is.GreaterThan(0.98), $"word{word}");
            }
        }

        double Cosine(ReadOnlySpan<sbyte> one, ReadOnlySpan<sbyte> other)
        {
            double dot = 0, first = 0, second = 0;
            for (int i = 0; i < one.Length; i++)
                (dot, first, second) = (dot + (one[i] * other[i]), first + (one[i] * one[i]), second + (other[i] * other[i]));
            return dot / Math.Sqrt(first * second);
        }
    }

    [Test]
    public void NoiseCostsQuality()
    {
        List<MapQuality> found = [];
        List<string> notices = [];
        foreach (double noise in new[] { 0.0, 0.5, 2, 1000 })
        {
            using var tables = new PlantedTables(noise);
            Assert.That(notices, Is.Empty);
            found.Add(tables.Fit(notices: notices).Header.HeldOut);
        }

        Assert.That(found.Select(static f => f.Cosine), Is.Ordered.Descending);
        Assert.That(found[1].Precision, Is.GreaterThan(0.9));
        Assert.That(found[2].Precision, Is.InRange(0.02, 0.9));
        Assert.That(notices.Single(), Does.Contain("--cost texts is likely to do better"));
        Assert.That(found[3].Precision, Is.LessThan(0.05), "nothing is left, and nothing that was fitted on passes for it");
        Assert.That(found[3].Cosine, Is.InRange(-0.2, 0.2));
    }

    [Test]
    public void TheHeldOutTenthDependsOnBytesAlone()
    {
        using PlantedTables one = new(noise: 1), other = new(noise: 1, words: 400);
        Assert.That(one.Fit().Header, Is.EqualTo(other.Fit().Header));
        Assert.That(one.Fit().Embeddings.Fingerprint, Is.EqualTo(other.Fit().Embeddings.Fingerprint));
    }

    [Test]
    public void TokensWithoutAUsableRowHaveNoVectorAndOneSentenceNamesTheRows()
    {
        using var tables = new PlantedTables(noise: 0);
        TokenVocabulary source = tables.Source.Vocabulary;
        (int zero, int bad, int infinite) = (source.IdOf("word1"), source.IdOf("word2"), source.IdOf("word3"));
        tables.SourceTable[zero] = 0;
        tables.SourceTable[bad, 5] = float.NaN;
        tables.SourceTable[infinite, 0] = float.PositiveInfinity;
        List<string> notices = [];
        FittedEmbeddings fitted = tables.Fit(notices: notices);
        int hole = Enumerable.Range(0, source.Count).First(t => !source.HasToken(t));
        foreach (int token in new[] { 0, 1, hole, zero, bad, infinite })
            Assert.That(fitted.Embeddings.SourceKnown[token], Is.False, $"{token}");
        Assert.That(fitted.Embeddings.SourceKnown.Count(true), Is.EqualTo(source.Count - 2 - 2 - 3));
        Assert.That(fitted.Header.SharedTokens, Is.EqualTo(653));
        Assert.That(fitted.Header.HeldOut.Precision, Is.EqualTo(1.0), "they spoil no other token");
        Assert.That(notices, Is.EqualTo(new[] { $"theirs.safetensors has NaN or infinite numbers in rows {bad}, {infinite}; these tokens get no vector." }));
    }

    [Test]
    public void OfTokensWithTheSameBytesOneStandsForAll()
    {
        TokenVocabulary source = Letters("source", "<0x61>", "a", "a2"), target = Letters("target", "a", "<0x61>", "a2");
        var shared = SharedTokens.Of(source, [true, true, true], target, [true, true, true]);
        Assert.That((shared.Source.Single(), shared.Target.Single()), Is.EqualTo((1, 0)), "not the ones that are written as a byte, and of others the first");
        shared = SharedTokens.Of(source, [true, false, false], target, [false, false, true]);
        Assert.That((shared.Source.Single(), shared.Target.Single()), Is.EqualTo((0, 2)), "among those with a vector");

        static TokenVocabulary Letters(string name, params string[] strings) =>
            new(name, "▁", false, false, strings, [.. strings.Select(static _ => "a"u8.ToArray())], [.. strings.Select(static _ => TokenRoles.None)]);
    }

    [Test]
    public void WhatAllRowsHaveInCommonIsTakenOut()
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        TokenVocabulary vocabulary = ToyEncoder.Of("toy", []).Vocabulary;
        // Of 200 numbers, the first two are strong in all rows, the third in one row only.
        Tensor rows = empty([vocabulary.Count, 200], ScalarType.Float32).normal_(0, 1, generator);
        rows.narrow(1, 0, 2).mul_(50).add_(9);
        rows[100, 2] = 50;
        using var table = EmbeddingTable.Of(rows, vocabulary, "", null);
        Assert.That(table.Rows.narrow(1, 0, 2).abs().max().item<float>(), Is.LessThan(0.05));
        Assert.That(table.Rows[100, 2].item<float>(), Is.GreaterThan(0.9));
        Assert.That(EmbeddingTable.DirectionsOf(200), Is.EqualTo(198));
    }

    [Test]
    public void TooFewSharedTokensAndTooManyDimensionsAreRefused()
    {
        using var tables = new PlantedTables(noise: 0);
        Assert.That(() => tables.Fit(dimensions: 25), Throws.ArgumentException.With.Message.EqualTo("--dimensions is 25; it must be 1..24, as the source's rows have 24 numbers and the target's 40."));
        Assert.That(() => tables.Fit(dimensions: 0), Throws.ArgumentException);
        int first = tables.Source.Vocabulary.IdOf("word0");
        tables.SourceTable.narrow(0, 0, first).zero_(); // the bytes
        tables.SourceTable.narrow(0, first, 350).zero_();
        Assert.That(() => tables.Fit(), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo("theirs and ours share 50 tokens with a vector, and a map of 24 dimensions needs 64; use --cost texts."));
    }

    [Test]
    public void TablesAreReadFromCheckpointsWithoutTheirPadding()
    {
        using var folder = new CaptureFolder(documents: 1);
        TokenVocabulary vocabulary = folder.Encoder.Vocabulary;
        folder.Model("other", folder.Encoder, padding: 0, seed: 8);
        FittedEmbeddings fitted = Of(folder["model"], vocabulary).Run();
        Assert.That((fitted.Embeddings.SourceKnown.Length, fitted.Embeddings.TargetKnown.Length), Is.EqualTo((vocabulary.Count, vocabulary.Count)));
        Assert.That(fitted.Header.Dimensions, Is.EqualTo(16));
        Assert.That(fitted.Header.HeldOut.Precision, Is.LessThan(0.2), "random tables have nothing in common");
        Assert.That(fitted.Header.SourceModel, Does.StartWith("files:").And.Not.EqualTo(fitted.Header.TargetModel));
        using var loaded = ModelFiles.Load(folder["model"], ScalarType.Float32);
        using var table = EmbeddingTable.Read(folder["model"], vocabulary, null);
        float[] row = loaded.Weights[loaded.EmbeddingName].narrow(0, 0, vocabulary.Count).data<float>().ToArray();
        double[] mean = new double[16];
        int[] ordinary = [.. Enumerable.Range(0, vocabulary.Count).Where(t => vocabulary.HasToken(t) && !vocabulary.IsSpecial(t))];
        foreach (int token in ordinary)
        {
            for (int d = 0; d < 16; d++)
                mean[d] += row[(token * 16) + d] / ordinary.Length;
        }

        double[] centred = [.. Enumerable.Range(0, 16).Select(d => row[(40 * 16) + d] - mean[d])];
        double length = Math.Sqrt(centred.Sum(static c => c * c));
        Assert.That(table.Rows[40].data<float>().ToArray(), Is.EqualTo(centred.Select(c => (float)(c / length))).Within(1e-5));
        TokenVocabulary larger = ToyEncoder.Of("larger", [.. Enumerable.Range(0, 200).Select(static i => $"w{i}")]).Vocabulary;
        Assert.That(() => Of(folder["model"], larger).Run(), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("the tokenizer has 458 tokens and the model's embedding"));

        EmbeddingFit Of(string model, TokenVocabulary source) => new() { SourceModel = model, Source = source, TargetModel = folder["other"], Target = vocabulary };
    }
}
