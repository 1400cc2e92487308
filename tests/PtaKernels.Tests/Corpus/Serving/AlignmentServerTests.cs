using Apache.Arrow;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Serving;
using PtaKernels.Gpu;
using PtaKernels.Tests.Alignment;
using PtaKernels.Tests.Cli;
using PtaKernels.Tests.Conformance;
using PtaKernels.Text;

namespace PtaKernels.Tests.Corpus.Serving;

/// <summary>Requests through a server against calls of the backend, bit for bit; bad documents, and bad streams.</summary>
[TestFixture]
public sealed class AlignmentServerTests
{
    private static readonly string[][] Switches =
    [
        ["reference", "--window", "4"],
        ["paper"],
        ["fusion"],
        ["fusion", "--projection", "top1", "--transport", "unbalanced", "--fallback", "target"],
    ];

    private static VocabularyPair Vocabularies => SmallModel.Sources[0].To(SmallModel.Target);

    [TestCaseSource(nameof(Switches))]
    public void AnswersAreTheBackendsOwnRows(params string[] switches)
    {
        foreach (string backend in (string[])["reference", "native"])
            AssertSame(BackendCases.Open(backend == "native" ? BackendCases.Names.ElementAt(1) : backend), Small(5), OptionsOf(switches), Vocabularies);
    }

    [TestCaseSource(nameof(Switches)), Category("Long")]
    public void AnswersAreTheEmulatorsOwnRows(params string[] switches) => AssertSame(BackendCases.Open(GpuBackend.Emulator), Small(2), OptionsOf(switches), Vocabularies);

    [TestCaseSource(nameof(Switches)), Category("Long")]
    public void SamplesGiveTheSameRows(params string[] switches)
    {
        string[] last = switches[0] == "fusion" ? ["--mass", "renormalised"] : [];
        var vocabularies = VocabularyPair.OfTokens(VocabularyFile.Read(Pta.Samples("vocab/gpt2.json.gz")), VocabularyFile.Read(Pta.Samples("vocab/spA.json.gz")));
        DocumentPair[] documents = [.. JsonLines.Read(Pta.Samples("gpt2.jsonl.gz")).Zip(JsonLines.Read(Pta.Samples("spA.jsonl.gz")), static (s, t) => new DocumentPair(s, t)).Take(12)];
        AssertSame(BackendCases.Open(BackendCases.Names.ElementAt(1)), documents, OptionsOf([.. switches, .. last]), vocabularies);
    }

    [Test]
    public void APriorReplacesTheTargetsColumns()
    {
        IKernelBackend backend = BackendCases.Open("reference");
        AlignmentOptions options = OptionsOf("paper");
        DocumentPair[] documents = Small(4);
        var first = new AlignedDocument[documents.Length];
        backend.AlignBatch(documents, Vocabularies, options, first, new AlignmentReport());
        AssertSame(backend, [.. documents.Select((d, i) => d with { Prior = i == 1 ? null : first[i] })], options, Vocabularies);
    }

    [Test]
    public void BadDocumentsDoNotTouchTheOthers()
    {
        foreach (IKernelBackend backend in (IKernelBackend[])[BackendCases.Open("reference"), new Together(BackendCases.Open("reference"))])
        {
            DocumentPair[] good = Small(7), mixed = [.. good];
            mixed[2] = Spoilt(good[2], static draft => draft.Ids[0] = 99);
            mixed[3] = Spoilt(good[3], static draft => draft.Candidates[0][1] = -1);
            mixed[6] = new DocumentPair(new TokenizedDocument { Id = "d6", Ids = [], Candidates = new TopKLogits([], [], 4) }, good[6].Target);
            string[] answers = Ask(backend, OptionsOf("fusion"), Vocabularies, mixed)[0];
            string[] expected = Ask(backend, OptionsOf("fusion"), Vocabularies, good)[0];
            using (Assert.EnterMultipleScope())
            {
                Assert.That(answers[2], Does.StartWith("error: document d2: row 0: source id 99 has no token in giver-a"));
                Assert.That(answers[3], Does.StartWith("error: document d3: row 0, column 1: source candidate id -1 has no token"));
                Assert.That(answers[6], Is.EqualTo("error: document d6: the source has no tokens; remove empty documents."));
                foreach (int d in (int[])[0, 1, 4, 5])
                    Assert.That(answers[d], Is.EqualTo(expected[d]));
            }
        }
    }

    [Test]
    public void TextsThatDifferAreCounted()
    {
        var random = new Random(11);
        string text = SmallModel.RandomText(random, 40);
        DocumentPair[] documents = [.. new[] { text, text[..20] + (text[20] == 'a' ? 'b' : 'a') + text[21..], text }.Select((own, d) =>
            new DocumentPair(SmallModel.Sources[0].Draw(random, $"d{d}", own).ToDocument(), SmallModel.Target.Draw(random, $"d{d}", text).ToDocument()))];
        foreach (IKernelBackend backend in (IKernelBackend[])[BackendCases.Open("reference"), new Together(BackendCases.Open("reference"))])
        {
            var output = new MemoryStream();
            new AlignmentServer(backend, Vocabularies, OptionsOf("fusion")).Run(new MemoryStream(Requests.Stream(documents)), output);
            RecordBatch batch = Requests.Answers(output.ToArray()).Batches[0];
            Assert.That(Enumerable.Range(0, 3).Select(row => Requests.Row<long>(batch, "counts", row)), Is.EqualTo(new long[][] { [0, 0], [1, 0], [0, 0] }));
            Assert.That(Enumerable.Range(0, 3).SelectMany(row => Requests.Row<double>(batch, "seconds", row)), Has.Exactly(15).Items.And.Some.Positive);
        }
    }

    [Test]
    public void EveryBatchIsAnsweredAndFlushedBeforeTheNextIsRead()
    {
        DocumentPair[] documents = Small(3);
        byte[] stream = Requests.Stream([documents[0], documents[1]], [], [documents[2]]), first = Requests.Stream([documents[0], documents[1]]);
        var answered = new MemoryStream();
        var requests = new WatchedStream(stream, () => answered.Length);
        new AlignmentServer(BackendCases.Open("reference"), Vocabularies, OptionsOf("paper")).Run(requests, answered);
        Assert.That(Requests.Answers(answered.ToArray()).Batches.Select(static b => b.Length), Is.EqualTo(new[] { 2, 0, 1 }));
        Assert.That(requests.WhenPassed(first.Length), Is.GreaterThan(requests.WhenPassed(first.Length - 9)), "the first answer is out before the second request is read");
    }

    [Test]
    public void NoBatchesAreAnsweredByNone()
    {
        (RecordBatch[] batches, IReadOnlyDictionary<string, string> metadata) = Requests.Answers(Serve(Requests.Stream()));
        Assert.That(batches, Is.Empty);
        Assert.That(metadata["ptakernels.serve"], Is.EqualTo("1"));
        Assert.That((metadata["backend"], metadata["isa"]), Is.EqualTo(("reference", BackendCases.Open("reference").Isa)));
        Assert.That((metadata["source_fingerprint"], metadata["target_fingerprint"]), Is.EqualTo((SmallModel.Sources[0].Vocabulary.Fingerprint, SmallModel.Target.Vocabulary.Fingerprint)));
        byte[] unmarked = Requests.Stream([Small(1)[0]])[..^8];
        Assert.That(Requests.Answers(Serve(unmarked)).Batches, Has.Length.EqualTo(1), "a pipe that is closed between messages ends the requests as well");
    }

    [Test]
    public void AStreamThatStopsAnywhereElseIsRefused()
    {
        byte[] stream = Requests.Stream(Small(2));
        int schema = Requests.Stream().Length - 8, end = stream.Length - 8;
        Assert.That(() => Serve([]), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith("standard input: ended before a schema; "));
        foreach (int length in Enumerable.Range(1, stream.Length - 1).Where(n => n != schema && n != end && (n < 60 || n % 97 == 0 || Math.Abs(n - schema) < 20 || n > end - 20)))
            Assert.That(() => Serve(stream[..length]), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith("standard input: ended inside message "), $"{length} bytes");
    }

    [Test]
    public void FlippedBitsAreRefusedOrAnswered()
    {
        byte[] stream = Requests.Stream(Small(2));
        var random = new Random(7);
        for (int trial = 0; trial < 300; trial++)
        {
            byte[] flipped = [.. stream];
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Serve(flipped);
            }
            catch (AlignmentDataException e)
            {
                Assert.That(e.Message, Does.StartWith("standard input: "));
            }
        }
    }

    [Test]
    public void ArraysThatDisagreeEndTheAnswers()
    {
        using (Assert.EnterMultipleScope())
        {
            Refuses("source_indices has 2 entries where ", c => c[2] = Requests.Integers("source_indices", static _ => [2, 3]));
            Refuses("target_k is 65; expected 1..64", c => c[10] = (c[10].Field, static d => new Int32Array.Builder().AppendRange(d.Select(static _ => 65)).Build()));
            Refuses("target_log_sum_exp has 1 entries where ", c => c[11] = Requests.Numbers("target_log_sum_exp", static _ => [1]));
            Refuses("source_spans has 3 entries where ", c => c[6] = Requests.Integers("source_spans", static _ => [0, 1, 2]));
            Refuses("source_ids is null", c => c[1] = Requests.Integers("source_ids", static _ => null));
            Refuses("some of prior_starts, prior_tokens, prior_values are null", c => c[13] = Requests.Integers("prior_starts", static _ => [0]));
        }
    }

    [Test]
    public void OtherSchemasAreRefused()
    {
        using (Assert.EnterMultipleScope())
        {
            Refuses("has no column target_ids.", c => c.RemoveAt(7));
            Refuses("has a column ids, which is none of id, source_ids, ", c => c.Add(Requests.Integers("ids", static _ => [])));
            Refuses("has two columns source_ids.", c => c.Add(c[1]));
            Refuses("has list<float64> in column source_ids; expected lists of int32.", c => c[1] = Requests.Numbers("source_ids", static _ => [1]));
            Refuses("has some of the columns prior_starts, prior_tokens, prior_values; expected all or none.", c => c.RemoveAt(14));
            Assert.That(() => Serve(Requests.Stream(static c => c, null)), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("has no ptakernels.serve in its schema's metadata, and this pta speaks version 1"));
            Assert.That(() => Serve(Requests.Stream(static c => c, new() { ["ptakernels.serve"] = "2" })), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("has ptakernels.serve 2 in its"));
        }
    }

    [Test]
    public void SwitchesThatNeedMoreThanOneSourceAreRefused()
    {
        AlignmentOptions withTarget = OptionsOf("fusion") with { WithTarget = true }, chain = OptionsOf("fusion") with { LabelMass = LabelMass.Chain };
        Assert.That(() => new AlignmentServer(BackendCases.Open("reference"), Vocabularies, withTarget), Throws.ArgumentException.With.Message.StartsWith("with-target chooses between sources"));
        Assert.That(() => new AlignmentServer(BackendCases.Open("reference"), Vocabularies, chain), Throws.ArgumentException.With.Message.StartsWith("label-mass chain reads label cross-entropies"));
    }

    private static void Refuses(string sentence, Action<List<(Field Field, Func<DocumentPair[], IArrowArray> Build)>> change)
    {
        byte[] stream = Requests.Stream(
            columns =>
            {
                change(columns);
                return columns;
            },
            new() { ["ptakernels.serve"] = "1" },
            Small(1));
        Assert.That(() => Serve(stream), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(sentence));
    }

    private static void AssertSame(IKernelBackend backend, DocumentPair[] documents, AlignmentOptions options, VocabularyPair vocabularies)
    {
        var direct = new AlignedDocument[documents.Length];
        backend.AlignBatch(documents, vocabularies, options, direct, new AlignmentReport());
        Assert.That(direct.Sum(static d => Enumerable.Range(0, d.Rows).Count(t => d[t].Transferred)), Is.Positive);
        string[][] answers = Ask(backend, options, vocabularies, documents[..1], documents[1..]);
        Assert.That(answers.SelectMany(static a => a), Is.EqualTo(direct.Select(Requests.Print)), backend.Name);
    }

    private static string[][] Ask(IKernelBackend backend, AlignmentOptions options, VocabularyPair vocabularies, params DocumentPair[][] batches)
    {
        var output = new MemoryStream();
        new AlignmentServer(backend, vocabularies, options) { Workers = 2 }.Run(new MemoryStream(Requests.Stream(batches)), output);
        return [.. Requests.Answers(output.ToArray()).Batches.Select(static b => Enumerable.Range(0, b.Length).Select(row => Requests.Print(b, row)).ToArray())];
    }

    private static byte[] Serve(byte[] requests)
    {
        var output = new MemoryStream();
        new AlignmentServer(BackendCases.Open("reference"), Vocabularies, OptionsOf("paper")).Run(new MemoryStream(requests), output);
        return output.ToArray();
    }

    private static AlignmentOptions OptionsOf(params string[] switches)
    {
        AlignmentOptions options = AlignmentPreset.Named(switches[0]);
        for (int i = 1; i < switches.Length; i += 2)
            AlignmentSwitches.Named(switches[i][2..]).Set(ref options, switches[i + 1]);
        return options with { MeasureSignal = true };
    }

    private static DocumentPair[] Small(int count)
    {
        using var files = new RunFiles(seed: 3, documents: count);
        return [.. files.Target.Zip(files.Sources, static (target, sources) => new DocumentPair(sources[0].ToDocument(), target.ToDocument()))];
    }

    private static DocumentPair Spoilt(DocumentPair pair, Action<DraftDocument> spoil)
    {
        TokenizedDocument source = pair.Source;
        var draft = new DraftDocument
        {
            Id = source.Id,
            Ids = [.. source.Ids],
            Candidates = [.. Enumerable.Range(0, source.Length).Select(t => source.Candidates.IndicesOf(t).ToArray())],
            Logits = [.. Enumerable.Range(0, source.Length).Select(t => source.Candidates.ValuesOf(t).ToArray())],
            LogSumExp = source.LogSumExp,
        };
        spoil(draft);
        return pair with { Source = draft.ToDocument() };
    }
}
