namespace PtaKernels.Training.Tests.Packing;

/// <summary>Packing that keeps documents apart: nothing is lost, nothing crosses.</summary>
public sealed class SequencePackerTests
{
    [Test]
    public void EveryPositionArrivesOnceWithWhatItLearns([Values(2, 3, 16, 64)] int length, [Values(1, 4, 256)] int open, [Values(1, 2)] int seed)
    {
        AlignedTokens[] documents = DrawnDocuments.Draw(seed, 60, 40);
        PackedSequence[] sequences = Pack(documents, length, open);
        var parts = new List<(string Id, int[] Positions)>();
        foreach (PackedSequence sequence in sequences)
        {
            Assert.That(sequence.Length, Is.InRange(1, length));
            Assert.That(sequence.Segments.Distinct(), Is.EqualTo(Enumerable.Range(0, sequence.Documents.Length)));
            foreach (IGrouping<int, int> part in Enumerable.Range(0, sequence.Length).GroupBy(t => sequence.Segments[t]))
                parts.Add((sequence.Documents[part.Key], [.. part.Select(t => (sequence, t)).Select(p => Check(p.sequence, p.t))]));
        }

        // Parts of a cut document may arrive in another order than they have in it, so they are found by their tokens.
        foreach (AlignedTokens document in documents)
        {
            int[][] own = [.. parts.Where(p => p.Id == document.Id).Select(static p => p.Positions)];
            Assert.That(own.Select(static p => p.Length).Order(), Is.EqualTo(document.Ids.Chunk(length).Select(static c => c.Length).Order()));
            Assert.That(own.Select(static p => string.Join(' ', p)).Order(StringComparer.Ordinal), Is.EqualTo(document.Ids.Chunk(length).Select(static c => string.Join(' ', c)).Order(StringComparer.Ordinal)));
        }

        int Check(PackedSequence sequence, int t)
        {
            // A position is that of its document whose tokens, label and rows it has; ids repeat, so the whole row is compared with any such position.
            AlignedTokens document = documents.Single(d => d.Id == sequence.Documents[sequence.Segments[t]]);
            FusionRows rows = sequence.Rows;
            int from = rows.Offsets[t], count = rows.Offsets[t + 1] - from;
            bool found = Enumerable.Range(0, document.Ids.Length).Any(p => document.Ids[p] == sequence.Ids[t]
                && (p + 1 < document.Ids.Length ? document.Ids[p + 1] : FusionRows.NoLabel) == rows.Labels[t]
                && document.Missing[p] == rows.Missing[t]
                && document.Offsets[p + 1] - document.Offsets[p] == count
                && document.Tokens.AsSpan(document.Offsets[p], count).SequenceEqual(rows.Ids.AsSpan(from, count))
                && document.Masses.AsSpan(document.Offsets[p], count).SequenceEqual(rows.Masses.AsSpan(from, count)));
            Assert.That(found);
            return sequence.Ids[t];
        }
    }

    [Test]
    public void DocumentThatIsTooLongIsCutAndStillLearnsItsNextToken()
    {
        AlignedTokens document = DrawnDocuments.Draw(new Random(3), "long", 7);
        PackedSequence[] sequences = Pack([document], 3, 4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sequences.Select(static s => s.Length), Is.EqualTo(new[] { 3, 3, 1 }));
            Assert.That(sequences[0].Rows.Labels, Is.EqualTo(document.Ids[1..4]));
            Assert.That(sequences[2].Rows.Labels, Is.EqualTo(new[] { FusionRows.NoLabel }));
        }
    }

    [Test]
    public void ManyDocumentsFillTheSequences()
    {
        PackedSequence[] sequences = Pack(DrawnDocuments.Draw(5, 2000, 60), 128, 64);
        Assert.That(sequences.Sum(static s => s.Length) / (128.0 * sequences.Length), Is.GreaterThan(0.98));
    }

    [Test]
    public void SameDocumentsGiveTheSameSequences()
    {
        static string Text(PackedSequence[] s) => string.Join('\n', s.Select(static p => string.Join(' ', p.Ids) + string.Join(' ', p.Documents)));
        AlignedTokens[] documents = DrawnDocuments.Draw(6, 100, 30);
        string first = Text(Pack(documents, 32, 8)), second = Text(Pack(documents, 32, 8));
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void RewardIsTheMassOnTheNextToken()
    {
        var rows = new FusionRows { Labels = [1, 2, -1, 3], Offsets = [0, 2, 3, 4, 4], Ids = [5, 1, 7, 2], Masses = [0.25f, 0.75f, 1, 1], Missing = [0, 0, 0, 0] };
        Assert.That(PackedRewards.Of(rows), Is.EqualTo(0.375), "the masked and the last row do not count");
    }

    private static PackedSequence[] Pack(AlignedTokens[] documents, int length, int open)
    {
        var packer = new SequencePacker(length, open);
        return [.. documents.SelectMany(packer.Add), .. packer.Finish()];
    }
}
