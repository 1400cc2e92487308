using PtaKernels.Pipeline;
using PtaKernels.Training.Tests.Capture;

namespace PtaKernels.Training.Tests.Why;

/// <summary>Rows and losses of one document, joined, grouped and searched, against what is worked out by hand.</summary>
public sealed class WhyDocumentTests
{
    // Begin and end of sequence are 0 and 1, bytes 2..257, pieces from 258.
    private const int Re = 258, Turns = 259, The = 260, Number = 261, Brace = 262;

    private static readonly TokenVocabulary Vocabulary = ToyEncoder.Of("toy", ["Re", "turns", " the", "42", "{"]).Vocabulary;

    private static readonly int[] Ids = [0, Re, Turns, The, Number, Brace, 1];

    [Test]
    public void ARowBelongsToTheTokenBehindIt()
    {
        WhyDocument document = Document(control: [1, 2, 3, 1, 1, 1]);
        Assert.That(document.Tokens.Select(static t => (t.Id, t.Position, t.Bytes)), Is.EqualTo(new[] { (Re, 1, 2), (Turns, 2, 5), (The, 3, 4), (Number, 4, 2), (Brace, 5, 1), (1, 6, 0) }));
        Assert.That(document.Tokens.Select(static t => t.Kind), Is.EqualTo(new[] { TokenKind.WordStart, TokenKind.Continuation, TokenKind.WordStart, TokenKind.Digits, TokenKind.CodeSymbol, TokenKind.NoText }));
        Assert.That(document.Tokens.Select(static t => t.Row.Letter), Is.EqualTo(new[] { '.', 'B', 'P', 'B', 'B', 'L' }));
        Assert.That(document.Tokens.Select(static t => (t.Row.Source, t.Row.SourceRow)), Is.EqualTo(new[] { (-1, -1), (1, 3), (0, 4), (1, 5), (1, 6), (-1, -1) }));
        Assert.That(document.Tokens.Select(static t => t.Fused), Is.EqualTo(new FusedGold?[] { null, new(0.6, 0.6, true), new(0.25, 0.75, false), new(0, 0.9, false), new(0.5, 0.5, true), null }), "of two equal ones the first counts");
        Assert.That(document.Tokens.Select(static t => t.TargetIsRight), Is.EqualTo(new[] { true, false, false, false, true, false }));
        Assert.That(document.Tokens.Select(static t => t.Before), Is.EqualTo(new double[] { 2, 4, 6, 2, 1, 1 }).Within(1e-12), "bits");
        Assert.That(document.Tokens.Select(static t => t.Difference), Is.EqualTo(new double[] { 0, -1.5, 1, 0, -0.5, 0 }).Within(1e-12), "student minus control");
        Assert.That(Document(control: null).Tokens.Select(static t => t.Difference), Is.EqualTo(new double[] { -1, -3.5, -2, -1, -0.5, 0 }).Within(1e-12), "student minus target before");
    }

    [Test]
    public void GroupsAddUpToTheWhole()
    {
        var groups = new WhyGroups(["neox", "mpt"]);
        groups.Add(Document(control: [1, 2, 3, 1, 1, 1]));
        groups.Add(Document(control: [1, 4, 3, 1, 1, 1], id: "e", domain: "odd"));
        WhyLine all = groups.All;
        Assert.That((all.Documents, all.Tokens, all.Bytes), Is.EqualTo((2, 12L, 28L)));
        // 16, 9 and 11, and 8 bits of the first document; 14 bytes.
        Assert.That(all.Before.BitsPerByte, Is.EqualTo(16 / 14.0).Within(1e-12));
        Assert.That(all.Control!.BitsPerByte, Is.EqualTo((9 + 11) / 28.0).Within(1e-12));
        Assert.That(all.After, Is.EqualTo(new WhyLoss(16 / 12.0, 16 / 28.0)));
        Assert.That(all.Contribution, Is.EqualTo(-4 / 28.0).Within(1e-12));
        foreach (WhyTable table in groups.Tables())
        {
            Assert.That(table.Lines.Sum(static l => l.Contribution), Is.EqualTo(all.Contribution).Within(1e-12), table.Name);
            Assert.That((table.Lines.Sum(static l => l.Tokens), table.Lines.Sum(static l => l.Bytes)), Is.EqualTo((12L, 28L)), table.Name);
        }

        WhyLine boundary = LineOf(groups, "rule and source", "B mpt");
        // Per document: 5 + 2 + 1 bytes; control 2 + 1 + 1 and 4 + 1 + 1, student 0.5 + 1 + 0.5 both times.
        Assert.That((boundary.Tokens, boundary.Bytes, boundary.Documents), Is.EqualTo((6L, 16L, 2)));
        Assert.That(boundary.Difference!.Value.Difference, Is.EqualTo((4 - 10) / 16.0).Within(1e-12));
        Assert.That((boundary.Difference!.Value.Low, boundary.Difference!.Value.High), Is.EqualTo((-4 / 8.0, -2 / 8.0)).Using<(double, double)>(static (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-12 && Math.Abs(a.Item2 - b.Item2) < 1e-12), "one of two documents twice");
        Assert.That(boundary.Rows, Is.EqualTo(new WhyRows(6, (0.6 + 0 + 0.5) / 3, 2 / 3.0, 1 / 3.0, 1, 0.1, 0.5)).Using<WhyRows>(static (a, b) =>
            a.Count == b.Count && new[] { a.GoldProbability - b.GoldProbability, a.FusedTop1 - b.FusedTop1, a.TargetTop1 - b.TargetTop1, a.Kappa - b.Kappa, a.Missing - b.Missing, a.Signal!.Value - b.Signal!.Value }.All(static d => Math.Abs(d) < 1e-12)));
        Assert.That(LineOf(groups, "rule and source", "P neox").Rows!.Kappa, Is.EqualTo(0.8).Within(1e-12));
        WhyLine end = LineOf(groups, "kind of token", "no text");
        Assert.That((end.After.BitsPerByte, end.After.BitsPerToken, end.Difference), Is.EqualTo(((double?)null, 1.0, (Training.BootstrapResult?)null)));
        Assert.That(LineOf(groups, "domain", "odd").Difference, Is.Null, "one document");
        Assert.That(LineOf(groups, "most probable token", "fused right, target wrong").Tokens, Is.EqualTo(2));
        Assert.That(LineOf(groups, "most probable token", "fused wrong, target wrong").Tokens, Is.EqualTo(4));
        Assert.That(LineOf(groups, "most probable token", "no teacher's row").Tokens, Is.EqualTo(4));
        Assert.That(LineOf(groups, "largest fused probability", "0.6 to 0.8").Tokens, Is.EqualTo(4), "0.6 and 0.75");
    }

    [Test]
    public void PassagesAreTheFarthestWindowsOfTheirDocuments()
    {
        var random = new Random(5);
        WhyDocument[] documents = [.. Enumerable.Range(0, 40).Select(d => new WhyDocument($"d{d}", "", [.. Enumerable.Range(1, random.Next(0, 60)).Select(t => new WhyToken(Re, t, 2, TokenKind.WordStart, default, null, false, 1, 2, 4 * random.NextDouble()))]))];
        var passages = new WhyPassages(7, Vocabulary);
        foreach (WhyDocument document in documents)
            passages.Add(document);
        (string, int, double)[] Expected(int sign) =>
        [
            .. documents.Where(static d => d.Tokens.Length > 0).Select(d => Enumerable.Range(0, Math.Max(1, d.Tokens.Length - 11))
                    .Select(first => (d.Id, first + 1, Bits: d.Tokens.Skip(first).Take(12).Sum(static t => t.After - 2))).MinBy(w => sign * w.Bits))
                .Where(w => sign * w.Bits < 0).OrderBy(w => sign * w.Bits).Take(7),
        ];
        Same(passages.Helped, Expected(1));
        Same(passages.Hurt, Expected(-1));

        static void Same(IReadOnlyList<WhyPassage> found, (string Document, int Position, double Bits)[] expected)
        {
            Assert.That(found.Select(static p => (p.Document, p.Position)), Is.EqualTo(expected.Select(static e => (e.Document, e.Position))));
            Assert.That(found.Select(static p => p.Bits), Is.EqualTo(expected.Select(static e => e.Bits)).Within(1e-9));
            Assert.That(found[0].Tokens, Has.Count.EqualTo(12));
        }
    }

    [Test]
    public void APassageSaysWhatItsTokensAre()
    {
        var passages = new WhyPassages(1, Vocabulary);
        passages.Add(Document(control: [1, 2, 3, 1, 1, 1]));
        WhyPassage passage = passages.Helped.Single();
        Assert.That((passage.Text, passage.Lead, passage.Position, passage.Bits), Is.EqualTo(("Returns the42{", "", 1, -1.0)));
        Assert.That(passage.Tokens.Select(static t => (t.Text, t.Rule + t.Source, t.GoldProbability)), Is.EqualTo(new (string, string, double?)[] { ("Re", ".", null), ("turns", "Bb", 0.6), ("·the", "Pa", 0.25), ("42", "Bb", 0), ("{", "Bb", 0.5), ("</s>", "L", null) }));
        Assert.That(passages.Hurt, Is.Empty);
    }

    [Test]
    public void OtherTokensAreRefused()
    {
        TokenizedDocument other = Losses([1, 1, 1, 1, 1, 1], [0, Turns, Re, The, Number, Brace, 1]);
        TokenizedDocument seen = Losses([1, 1, 1, 1, 1, 1]);
        Assert.That(() => WhyDocument.Of("", Target(), Fused(), new WhyLosses(seen, null, other), Vocabulary), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("did not see the same tokens"));
    }

    private static WhyLine LineOf(WhyGroups groups, string table, string name) => groups.Tables().Single(t => t.Name == table).Lines.Single(l => l.Name == name);

    private static WhyDocument Document(double[]? control, string id = "d", string domain = "even") => WhyDocument.Of(
        domain, Target(id), Fused(), new WhyLosses(Losses([2, 4, 6, 2, 1, 1], id: id), control is null ? null : Losses(control, id: id), Losses([1, 0.5, 4, 1, 0.5, 1], id: id)), Vocabulary);

    private static TokenizedDocument Target(string id = "d") => new()
    {
        Id = id,
        Ids = Ids,
        // The second candidate is the better one in row 4.
        Candidates = new TopKLogits([Re, Turns, Re, The, Turns, Re, Re, The, Number, Brace, Re, The, Re, The], [2, 1, 2, 1, 2, 1, 2, 1, 1, 2, 2, 1, 2, 1], 2),
        Spans = [(0, 0), (0, 2), (2, 7), (7, 11), (11, 13), (13, 14), (14, 14)],
    };

    private static TokenizedDocument Losses(double[] bits, int[]? ids = null, string id = "d") => new()
    {
        Id = id,
        Ids = ids ?? Ids,
        Candidates = new TopKLogits([0, 0, 0, 0, 0, 0, 0], new double[7], 1),
        LabelCrossEntropy = [.. bits.Select(static b => b * Math.Log(2))],
    };

    private static AlignedDocument Fused()
    {
        var fused = new AlignedDocument("d", OutputUnit.Probabilities);
        fused.AddRow([], [], new RowProvenance(RowRule.None));
        fused.AddRow([Turns, Re], [0.6, 0.3], new RowProvenance(RowRule.Boundary, 3, 1, 0.1, 1, 0.5));
        fused.AddRow([Re, The], [0.75, 0.25], new RowProvenance(RowRule.Prefix, 4, 0, 0, 0.8));
        fused.AddRow([Re], [0.9], new RowProvenance(RowRule.Boundary, 5, 1, 0.1, 1, 0.5));
        fused.AddRow([Brace, Re], [0.5, 0.5], new RowProvenance(RowRule.Boundary, 6, 1, 0.1, 1, 0.5));
        fused.AddRow([1], [1], new RowProvenance(RowRule.LabelFallback));
        fused.AddRow([], [], new RowProvenance(RowRule.None));
        return fused;
    }
}
