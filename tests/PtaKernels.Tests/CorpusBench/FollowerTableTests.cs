using PtaKernels.CorpusBench;

namespace PtaKernels.Tests.CorpusBench;

/// <summary>Counts of what follows what, against a dictionary.</summary>
public class FollowerTableTests
{
    [Test]
    public void CountsAreADictionarys()
    {
        var random = new Random(5);
        (int Context, int Id)[] seen = [.. Enumerable.Range(0, 20_000).Select(_ => (random.Next(300) * random.Next(2), (int)(40 * Math.Pow(random.NextDouble(), 3))))];
        var table = new FollowerTable([.. seen.Select(static s => ((ulong)s.Context << FollowerTable.IdBits) | (uint)s.Id)]);
        ILookup<int, int> followers = seen.ToLookup(static s => s.Context, static s => s.Id);
        for (int context = 0; context < 320; context++)
        {
            int found = table.Find((ulong)context), all = followers[context].Count();
            Assert.That(found >= 0, Is.EqualTo(all > 0));
            int[] distinct = [.. followers[context].Distinct()];
            Assert.That(table.TrustIn(found), Is.EqualTo(all == 0 ? 0 : (double)all / (all + distinct.Length)));
            for (int id = 0; id < 42; id++)
                Assert.That(table.ShareOf(found, id), Is.EqualTo(all == 0 ? 0 : (double)followers[context].Count(f => f == id) / all));
            Assert.That(table.BestOf(found).ToArray(), Is.EqualTo(followers[context].GroupBy(static f => f).OrderByDescending(static g => g.Count()).ThenBy(static g => g.Key).Select(static g => g.Key).Take(FollowerTable.Best)));
        }
    }
}
